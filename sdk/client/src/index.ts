export type { ClientEvents, ClientOptions, Draft, Joined, JoinOptions } from "./client";
export { Client } from "./client";
export type { ErrorCode, Expired } from "./error";
export { ParleyError } from "./error";
export type { Frame, Position } from "./frame";
export { formatPosition, parsePosition } from "./frame";
export type { Session, Socket } from "./link";
export type * from "./types";
export type { Transport } from "./way";
