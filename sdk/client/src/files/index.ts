import type { Client } from "../client";
import { Tus } from "./tus";

export type { UploadMemory } from "./memory";
export type { ResumableOptions, UploadState } from "./resumable";
export { ResumableUpload } from "./resumable";

/** The size of the largest file that the server takes, in bytes; undefined: it does not say. */
export function largestUpload(client: Pick<Client, "exchange">): Promise<number | undefined> {
  return new Tus(client).limit();
}
