/** The codes that the server gives, and below them the client's own. */
export type ErrorCode =
  | "internal"
  | "malformed"
  | "invalid"
  | "unknown_type"
  | "too_large"
  | "unauthorized"
  | "token_expired"
  | "token_revoked"
  | "disconnected"
  | "forbidden"
  | "foreign_sender"
  | "not_found"
  | "deleted"
  | "not_subscribed"
  | "nonce_conflict"
  | "version_conflict"
  | "blocked"
  | "exists"
  | "expired"
  | "rate_limited"
  | "too_many"
  | "storage_full"
  | "unavailable"
  | "going_away"
  | "channel_required"
  | "muted"
  | "banned"
  | "unsupported_version"
  | "unsupported_type"
  | "quota_exceeded"
  | "tus_version"
  | "offset_conflict"
  | "locked"
  | "checksum_mismatch"
  | "method_not_allowed"
  /** The client was disconnected by its owner before this was done. */
  | "closed"
  /** No answer came in time. */
  | "timeout"
  /** The connection broke after the request was sent: it may have been carried out or not. */
  | "unknown"
  /** So many messages wait already that no more are taken. */
  | "queue_full"
  /** What waits cannot be written down: it is kept in memory alone. */
  | "not_kept";

/** Where a client whose position can no longer be resumed from may start again. */
export interface Expired {
  reason: "epoch" | "horizon" | "ahead";
  /** Subscribing from here yields every event that is still kept. */
  oldest: string;
  head: string;
}

/** A refusal. Branch on `code`; `message` is for people and may change. */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: ErrorCode;
  /** The same request may succeed later. */
  readonly retry: boolean;
  /** Milliseconds after which trying again makes sense; undefined: it was not said. */
  readonly retryAfter: number | undefined;
  readonly expired: Expired | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { retry?: boolean; retryAfter?: number | undefined; expired?: Expired | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.retry = more.retry ?? false;
    this.retryAfter = more.retryAfter;
    this.expired = more.expired;
  }
}

/** Codes after which only another token helps. */
export const needsToken: ReadonlySet<ErrorCode> = new Set(["unauthorized", "token_expired", "token_revoked"]);

/** The refusal that an answer of the server's tells of. */
export function errorOf(answer: { [member: string]: unknown }): ParleyError {
  return new ParleyError((answer.code as ErrorCode) ?? "internal", String(answer.message ?? ""), {
    retry: answer.retry === true,
    retryAfter: answer.retryAfter as number | undefined,
    expired: answer.expired as Expired | undefined,
  });
}
