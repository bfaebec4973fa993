import type { Json, Message, SendStatus } from "../types";

/** What shares a file that was uploaded. */
export type FileMessage = {
  type: "file";
  /** Its path on the server. */
  url: string;
  fileName: string;
  /** In bytes. */
  fileSize: number;
};

/** What a message says: a text, a file, or another object. */
export type MessageContent = string | FileMessage | { [key: string]: Json };

/** A message as a conversation shows it. */
export interface ConversationMessage {
  /** The server's; of one that is on its way, a temporary one that begins with `temp-`. */
  id: string;
  conversationId: string;
  senderId: string;
  senderName?: string;
  text: MessageContent;
  /** Milliseconds since 1970; by the server's clock, once it is stored. */
  timestamp: number;
  status: SendStatus;
  /** Its number among the conversation's messages, from 0 without holes; missing until it is stored. */
  sequence?: number;
  /** Its number among the conversation's events; what `getHistory` takes for `before`. */
  seq?: number;
  /** The temporary id under which another of the sender's devices sent it. */
  tempId?: string;
  edited?: true;
  /** It keeps its number, and has an empty text. */
  deleted?: true;
}

/** A message that has its number. */
export type StoredMessage = ConversationMessage & { sequence: number; seq: number };

export const temporary = "temp-";

/** A stored message; `own`: whose temporary ids are shown. */
export function storedMessage(
  m: Message,
  own: string | undefined,
  status: SendStatus = "sent",
): StoredMessage {
  return {
    id: m.id,
    conversationId: m.channelId,
    senderId: m.senderId,
    ...(m.senderName !== undefined && { senderName: m.senderName }),
    text: contentOf(m),
    timestamp: Date.parse(m.createdAt),
    status,
    sequence: m.sequence,
    seq: m.seq,
    ...(m.senderId === own && m.nonce?.startsWith(temporary) && { tempId: m.nonce }),
    ...(m.editedAt !== undefined && { edited: true as const }),
    ...(m.deletedAt !== undefined && { deleted: true as const }),
  };
}

/** Objects come back as they were sent; of any other value, its text. */
export function contentOf(m: { body?: Json; text?: string }): MessageContent {
  const { body } = m;
  return body !== null && typeof body === "object" && !Array.isArray(body) ? body : (m.text ?? "");
}
