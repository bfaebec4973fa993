import type { Json, LogEvent } from "./types";

/** A frame of either side: one JSON object with a type. See docs/protocol.md. */
export interface Frame {
  type: string;
  ref?: string | number;
  channelId?: string;
  seq?: number;
  nonce?: string;
  [member: string]: unknown;
}

/** The types of frames that are events of a channel's log, as far as this version knows them. */
const logged: ReadonlySet<string> = new Set<LogEvent["type"]>([
  "message",
  "message.update",
  "message.delete",
  "reaction",
  "pin",
  "member",
  "state",
  "call",
]);

/** Reports whether events of this type have listeners of their own. */
export function isKnown(type: string): type is LogEvent["type"] {
  return logged.has(type);
}

/**
 * Reports whether a frame of the server's is an event of a channel's log. One
 * of a type that is younger than this client has a channel and a seq and
 * answers nothing: it counts, so that the next does not look like a hole.
 */
export function isLogged(frame: Frame): frame is Frame & { channelId: string; seq: number } {
  if (typeof frame.channelId !== "string" || typeof frame.seq !== "number") return false;
  if (logged.has(frame.type)) return true;
  const answers = frame.ref !== undefined || frame.type === "ack";
  const receipts = frame.type === "delivered" || frame.type === "read";
  return !answers && !receipts;
}

/** Reads a frame; undefined: it is none. */
export function parseFrame(data: unknown): Frame | undefined {
  if (typeof data !== "string") return undefined;
  let value: Json;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  return typeof value.type === "string" ? (value as Frame) : undefined;
}

/** A place in a channel's log: everything up to and including `seq` has been seen. */
export interface Position {
  epoch: string;
  seq: number;
}

export function formatPosition(p: Position): string {
  return `${p.epoch}:${p.seq}`;
}

export function parsePosition(text: string): Position | undefined {
  const colon = text.lastIndexOf(":");
  const seq = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isSafeInteger(seq) || seq < 0 || text.length === colon + 1) return undefined;
  return { epoch: text.slice(0, colon), seq };
}
