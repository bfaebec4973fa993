export type { ErrorCode } from "../error";
export { ParleyError } from "../error";
export { ConversationClient } from "./client";
export type { FrameSocket } from "./frames";
export type {
  ConversationMessage,
  FileMessage,
  MessageContent,
  StoredMessage,
} from "./message";
export type { ConversationOptions } from "./options";
export type { SequenceRange } from "./ordering";
export { MessageOrdering } from "./ordering";
export type { MessageStatusChange, MessageTimes } from "./receipts";
export { ReadReceiptManager } from "./receipts";
export { ConversationSocket } from "./socket";
export { TypingIndicator } from "./typing";
export type { UploadFileOptions } from "./upload";
export { uploadFile } from "./upload";
export type { VisibleOptions } from "./visible";
export { watchVisibleMessages } from "./visible";
