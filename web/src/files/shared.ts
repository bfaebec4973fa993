import type { Json, Message } from "@parley/client";

/** A file that a message shares, as far as what its sender wrote of it can be believed. */
export interface SharedFile {
  /** Of the server's: `/files/{id}`. */
  readonly id: string;
  readonly name: string;
  /** In bytes; undefined: it was not said. */
  readonly size: number | undefined;
  readonly kind: "image" | "video" | "audio" | "other";
  /** Of images, in pixels. */
  readonly width: number;
  readonly height: number;
  /** There is a smaller image of it. */
  readonly small: boolean;
}

const path = /^\/files\/([A-Za-z0-9_-]{8,64})$/;
const video = /\.(mp4|m4v|webm|mov|ogv)$/i;
const audio = /\.(mp3|m4a|aac|oga|ogg|opus|wav|flac)$/i;
const mostPixels = 100_000; // of a side

/**
 * The file that a message shares; undefined: it shares none. Only files of this
 * server count, for anything may stand in a message.
 */
export function fileOf({ body }: Pick<Message, "body">): SharedFile | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body) || body.type !== "file")
    return undefined;
  const [, id] = (typeof body.url === "string" && path.exec(body.url)) || [];
  if (id === undefined) return undefined;
  const name = shown(body.fileName);
  const [width, height] = [side(body.width), side(body.height)];
  const size = typeof body.fileSize === "number" && body.fileSize >= 0 ? body.fileSize : undefined;
  const pictured = width > 0 && height > 0;
  const small = pictured && typeof body.thumbnailUrl === "string";
  const kind = pictured ? "image" : video.test(name) ? "video" : audio.test(name) ? "audio" : "other";
  return { id, name, size, kind, width, height, small };
}

const mostName = 255; // of a name's characters

/** A name without what is not seen: a mark that turns the direction of text shows "exe.png" as "gnp.exe". */
function shown(name: Json | undefined): string {
  if (typeof name !== "string") return "file";
  const seen = name.replace(/[\p{Cc}\p{Cf}]/gu, "");
  return seen.slice(0, mostName).trim() || "file";
}

function side(value: Json | undefined): number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= mostPixels ? value : 0;
}
