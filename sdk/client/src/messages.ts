export type { MessageListOptions, MessageSource, MessagesView } from "./messagelist";
export { MessageList } from "./messagelist";
export type { ListedMessage, PendingMessage, StoredMessage } from "./timeline";
export { Typist, type TypistOptions } from "./typist";
