export { RoomController, RoomsClient } from "@parley/client/rooms";
export type { OtherCursor, Roster, Standing, Typist } from "./channel-store";
export type { Connection } from "./connection-store";
export { ParleyProvider, useParley } from "./context";
export type { ConnectionStatus } from "./raw-socket";
export type { Readable } from "./read-marker";
export type { UploadProgress } from "./upload-store";
export { type CurrentCall, useCall } from "./use-call";
export {
  type ChannelOptions,
  type Typing,
  useChannel,
  usePresence,
  useTyping,
  useUnread,
} from "./use-channel";
export { useConnection } from "./use-connection";
export { type Messages, type MessagesOptions, useMessages } from "./use-messages";
export { type ReadReceipts, useReadReceipts } from "./use-receipts";
export { type SetKey, type SharedKey, useSharedState } from "./use-state";
export { type Upload, useUpload } from "./use-upload";
export { useWebSocket, type WebSocketHandle, type WebSocketOptions } from "./use-websocket";
