import type { ParleyError } from "../error";
import type { Json } from "../types";
import type { ChatMessage } from "./message";

/** Somebody in the room. */
export interface Participant {
  userId: string;
  userName: string;
  status: "online" | "away" | "offline";
  /** What they say of themselves. */
  custom?: string;
  /** When they were last connected, in milliseconds since 1970; of those who are offline, where the server knows it. */
  lastSeen?: number;
}

export interface TypingIndicator {
  userId: string;
  userName: string;
}

/** One key of the state that the room's clients share; without a value it was deleted. */
export interface DataChange {
  key: string;
  value?: Json;
  /** The seq of the change. */
  version?: number;
}

/** What a room tells of. */
export interface RoomEvents {
  chat: ChatMessage;
  edited: ChatMessage;
  deleted: { messageId: string };
  typing: TypingIndicator;
  typingStopped: TypingIndicator;
  presence: Participant;
  connected: undefined;
  disconnected: { error?: ParleyError };
  reconnecting: { retryIn: number };
  reconnected: undefined;
  error: ParleyError;
}

export type Tell = <Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]) => void;
