import { Address } from "../address";
import { Identity, type IdentityOptions } from "../identity";
import type { Client } from "../index";
import { Rest } from "../rest";
import type { UploadOptions } from "../upload";
import { clientOf } from "./open";

export interface UploadFileOptions extends IdentityOptions {
  /** Default: the one of the conversation that is open in this page, if one is. */
  client?: Client;
  /** Without a client: the server. Default: the page's origin. */
  url?: string;
  /** Gives the upload up; it fails with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Uploads a file to a conversation, and is kept with its url on the server, for
 * a message `{type: "file", url, fileName, fileSize}`. `onProgress` is told how
 * much of it has gone out, in percent. A refusal is a `ParleyError`.
 */
export async function uploadFile(
  file: Blob,
  conversationId: string,
  onProgress: (percent: number) => void = () => {},
  { client = clientOf(conversationId), url, signal, ...identity }: UploadFileOptions = {},
): Promise<string> {
  const options: UploadOptions = {
    channel: conversationId,
    onProgress: (sent, total) => onProgress(total === 0 ? 100 : (sent / total) * 100),
    ...(signal && { signal }),
  };
  if (client) return (await client.upload(file, options)).url;
  const { upload } = await import("../upload"); // as the client does
  const { url: path } = await upload(new Rest(new Address(url), new Identity(identity)), file, options);
  return path;
}
