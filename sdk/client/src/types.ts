/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What others have done to a message: `count` of them, of whom the first 32 are named. */
export interface Reaction {
  reaction: string;
  count: number;
  userIds: string[];
}

/** A message in the state that the client knows of. Times are ISO 8601, in UTC. */
export interface Message {
  id: string;
  channelId: string;
  senderId: string;
  senderName?: string;
  /** What a person reads of it; missing once it is deleted. */
  text?: string;
  /** The JSON value, where it is more than `text`. */
  body?: Json;
  createdAt: string;
  /** Its number among the channel's events, from 1 without holes. */
  seq: number;
  /** Its number among the channel's messages, from 0 without holes. */
  sequence: number;
  parentId?: string;
  meta?: { [key: string]: Json };
  mentions?: string[];
  nonce?: string;
  editedAt?: string;
  editSeq?: number;
  deletedAt?: string;
  expiresAt?: string;
  notesSeq?: number;
  reactions?: Reaction[];
  thread?: { replies: number; lastAt?: string; userIds?: string[] };
  pinned?: { userId: string; at: string };
  /** Stored: the server has acknowledged it. */
  clientAck?: true;
}

/** Where an event stands in its channel, and which message it is about. */
interface Targeted {
  id: string;
  channelId: string;
  seq: number;
  targetSeq: number;
  sequence: number;
  parentId?: string;
}

export interface MessageUpdate extends Targeted {
  /** Missing: the message was deleted since. */
  newText?: string;
  body?: Json;
  meta?: { [key: string]: Json };
  editedAt: string;
  userId: string;
}

export interface MessageDelete extends Targeted {
  deletedAt: string;
  /** Missing: its time was over. */
  userId?: string;
}

export interface ReactionEvent extends Targeted {
  reaction: string;
  on: boolean;
  userId: string;
  userName?: string;
  at: string;
}

export interface PinEvent extends Targeted {
  on: boolean;
  userId: string;
  userName?: string;
  at: string;
}

export interface MemberEvent {
  channelId: string;
  seq: number;
  userId: string;
  role: string;
  muted: boolean;
  banned: boolean;
  by: string;
  at: string;
}

export interface StateEvent {
  channelId: string;
  seq: number;
  key: string;
  value?: Json;
  deleted?: true;
  userId?: string;
  at: string;
  expiresAt?: string;
}

export interface CallEvent {
  channelId: string;
  seq: number;
  callId: string;
  state: "declined" | "busy" | "ended" | "missed";
  callerId: string;
  calleeId: string;
  startedAt: string;
  answeredAt?: string;
  endedAt: string;
  at: string;
}

/** A call that is under way, or has just ended. */
export interface Call {
  callId: string;
  state: "ringing" | "accepted" | "declined" | "busy" | "ended" | "missed";
  callerId: string;
  callerName?: string;
  calleeId: string;
  channelId: string;
  by?: string;
  data?: Json;
  startedAt: string;
  answeredAt?: string;
  endedAt?: string;
}

/** One entry of a channel's log, by its `type`. */
export type LogEvent =
  | ({ type: "message" } & Message)
  | ({ type: "message.update" } & MessageUpdate)
  | ({ type: "message.delete" } & MessageDelete)
  | ({ type: "reaction" } & ReactionEvent)
  | ({ type: "pin" } & PinEvent)
  | ({ type: "member" } & MemberEvent)
  | ({ type: "state" } & StateEvent)
  | ({ type: "call" } & CallEvent);

export interface Presence {
  userId: string;
  userName?: string;
  status: "online" | "away" | "offline";
  custom?: string;
  lastSeen?: string;
}

/** How far a user has come: every event up to these seqs. */
export interface Cursor {
  delivered: number;
  read: number;
  /** Messages after `read`; only in one's own. */
  unread?: number;
}

/** How far the client has come with a message of its own. */
export type SendStatus = "sending" | "sent" | "delivered" | "read" | "failed";

export type ConnectionState = "connecting" | "connected" | "reconnecting" | "closed";
