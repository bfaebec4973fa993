export type { ErrorCode } from "../error";
export { ParleyError } from "../error";
export { RoomsClient } from "./client";
export { RoomController } from "./controller";
export type { DataChange, Participant, RoomEvents, TypingIndicator } from "./events";
export type { ChatMessage } from "./message";
export { sortMessages } from "./message";
export type { RoomsOptions } from "./room";
