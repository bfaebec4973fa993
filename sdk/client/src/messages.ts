export { MessageList } from "./messagelist";
export type { Around, MessageListOptions, MessageSource, MessagesView, SourcePage } from "./messagesview";
export type { ListedMessage, PendingMessage, StoredMessage } from "./timeline";
export { Typist, type TypistOptions } from "./typist";
