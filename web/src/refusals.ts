import type { ErrorCode } from "@parley/client";

/** What a person is told of a refusal; one of the strings, by its code. */
export const refusals = {
  internal: "Something went wrong on the server.",
  unauthorized: "The server does not take this token.",
  token_expired: "This token has expired. You need another one.",
  token_revoked: "This token was called back. You need another one.",
  disconnected: "You were disconnected by who runs this server.",
  forbidden: "You may not do that here.",
  foreign_sender: "This was written by somebody else.",
  not_found: "There is no such thing any more.",
  exists: "There is one of that name already.",
  invalid: "The server cannot take it as it is.",
  too_large: "That is too large.",
  rate_limited: "That was too much at once. Wait a moment.",
  too_many: "There are too many already.",
  storage_full: "The server has no room left. It will take more when there is.",
  unavailable: "The server cannot be reached.",
  timeout: "The server did not answer in time.",
  unknown: "The connection broke: it may have been done, or not.",
  muted: "You are muted here.",
  banned: "You were banned from this channel.",
  blocked: "They do not want messages from you.",
  queue_full: "Too much is waiting to be sent. Nothing more fits.",
  not_kept: "This browser keeps nothing: what waits is lost with the tab.",
  unsupported_type: "Files of this kind are not taken here.",
  quota_exceeded: "There is no room for more files of yours.",
} satisfies Partial<Record<ErrorCode, string>>;
