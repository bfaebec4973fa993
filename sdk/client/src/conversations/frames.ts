import type { Json } from "../types";

/** What a conversation's door takes, and what a `ConversationSocket` takes in its place. */
export type ClientFrame =
  | { type: "typing_start" | "typing_stop"; conversationId: string; userId?: string }
  | { type: "read_receipt"; messageId: string; userId?: string; timestamp?: number };

/** The part of a WebSocket that is needed to send over it; a `ConversationSocket` has it too. */
export interface FrameSocket {
  readonly readyState: number;
  send(data: string): void;
  addEventListener?(type: "open", listener: () => void, options?: { once: boolean }): void;
}

export const CONNECTING = 0;
export const OPEN = 1;

/** Sends a frame, if the socket is open; false: it is not. */
export function sendFrame(socket: FrameSocket, frame: ClientFrame): boolean {
  if (socket.readyState !== OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

/** Reads an object with a type; undefined: it is none. */
export function readFrame(data: string): { type: string; [member: string]: Json } | undefined {
  let value: Json;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  return typeof value.type === "string" ? { ...value, type: value.type } : undefined;
}
