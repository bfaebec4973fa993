import type { Joined } from "./channels";
import type { Expired, ParleyError } from "./error";
import type { Session } from "./link";
import type { Draft } from "./sender";
import type {
  Call,
  CallEvent,
  ConnectionState,
  Cursor,
  Json,
  LogEvent,
  MemberEvent,
  Message,
  MessageDelete,
  MessageUpdate,
  PinEvent,
  Presence,
  ReactionEvent,
  SendStatus,
  StateEvent,
} from "./types";

/** What `on` may be asked for, and what listeners are given. */
export interface ClientEvents {
  /** The server has let the client in, for the first time or again. */
  ready: Session;
  connection: { state: ConnectionState; error?: ParleyError; retryIn?: number };
  /** A channel is followed: for the first time, again after a broken connection, or a direct one unasked. */
  joined: Joined;
  /** Every event of the joined channels' logs, in the order of `seq`; the next ones are parts of it. */
  event: LogEvent;
  message: Message;
  "message.update": MessageUpdate;
  "message.delete": MessageDelete;
  reaction: ReactionEvent;
  pin: PinEvent;
  member: MemberEvent;
  state: StateEvent;
  call: CallEvent;
  /** A call of the user's is in another state, or began to ring. */
  "call.state": Call;
  /** How far a message of this client's has come, by its nonce. `draft` is what was sent, while it is on its way. */
  status: {
    channelId: string;
    nonce: string;
    status: SendStatus;
    draft?: Draft;
    message?: Message;
    error?: ParleyError;
  };
  typing: { channelId: string; userId: string; userName?: string; typing: boolean };
  presence: { channelId: string; joined?: Presence[]; left?: Presence[]; changed?: Presence[] };
  /** Everything up to `position` is there; who is there, types and has read what replaces what was known. */
  level: {
    channelId: string;
    position: string;
    present?: Presence[];
    typing?: Presence[];
    cursors?: (Cursor & { userId: string })[];
  };
  delivered: { channelId: string; userId: string; seq: number };
  /** A user has read up to `seq`; also this one, here or elsewhere. */
  read: { channelId: string; userId: string; seq: number; id?: string };
  /** What `cursors` or `unread` gives for the channel is another. */
  cursors: { channelId: string };
  signal: { channelId?: string; userId: string; sessionId?: string; event: string; data?: Json };
  /** What the client held of the channel is worth nothing: it goes on from the oldest event that is kept. */
  expired: { channelId: string } & Expired;
  /** What the user itself is in a channel from here on, joined here or not; without `role`: it is none of theirs. */
  membership: { channelId: string; role?: string };
  /** The server ended a subscription. */
  dropped: { channelId: string; error: ParleyError };
  error: ParleyError;
}
