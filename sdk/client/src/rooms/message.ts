import type { Json, Message } from "../types";

/** A message as a room shows it. */
export interface ChatMessage {
  /** The same in every delivery of this message, and of no other. */
  messageId: string;
  userId: string;
  /** The sender's name, where there is none their id. */
  userName: string;
  /** What a person reads of it. */
  message: string;
  /** Milliseconds since 1970 by the server's clock; never below that of an earlier message of the room. */
  timestamp: number;
  /** Its number among the room's events: of two messages with one timestamp the smaller is the earlier. */
  seq: number;
  /** The value that was sent, where it was no text. */
  data?: Json;
  edited?: true;
}

/** The ids of those whom the server gave one begin so; nobody else's do. */
const guest = "guest-";

/** Guests have no name on the server: theirs travels with each message, and counts for guests alone. */
export function nameTag(userName: string): { [key: string]: Json } {
  return { userName };
}

export function chatMessage(m: Message): ChatMessage {
  const tag = m.senderId.startsWith(guest) ? m.meta?.userName : undefined;
  return {
    messageId: m.id,
    userId: m.senderId,
    userName: m.senderName ?? (typeof tag === "string" && tag !== "" ? tag.slice(0, 128) : m.senderId),
    message: m.text ?? "",
    timestamp: Date.parse(m.createdAt),
    seq: m.seq,
    ...(m.body !== undefined && { data: m.body }),
    ...(m.editedAt !== undefined && { edited: true as const }),
  };
}

/** Messages from anywhere – live ones, pages, another device's – each once, in the order of their time. */
export function sortMessages(messages: Iterable<ChatMessage>): ChatMessage[] {
  const byId = new Map<string, ChatMessage>();
  for (const m of messages) byId.set(m.messageId, m);
  return [...byId.values()].sort((a, b) => a.timestamp - b.timestamp || a.seq - b.seq);
}
