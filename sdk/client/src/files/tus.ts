import type { Client } from "../client";
import { ParleyError } from "../error";
import type { UploadedFile } from "../upload";
import { type Outgoing, type Reply, send } from "./send";

const door = "/api/tus";

/** How far the server has come with an upload. */
export interface Progress {
  /** It has so many bytes, and keeps them. */
  offset: number;
  /** It has all of them, and this is what they became. */
  file?: UploadedFile;
}

/** The requests of tus 1.0, with what Parley adds: `Parley-File`, the file that a finished upload became. */
export class Tus {
  readonly #client: Pick<Client, "exchange">;

  constructor(client: Pick<Client, "exchange">) {
    this.#client = client;
  }

  /** Begins an upload of `size` bytes; `first` are as many of them as go along at once. */
  async create(
    about: { size: number; channel: string; fileName: string; first?: Blob },
    signal: AbortSignal,
    told?: (sent: number) => void,
  ): Promise<Progress & { path: string }> {
    const { size, channel, fileName, first } = about;
    const reply = await this.#ask(door, signal, {
      method: "POST",
      headers: {
        "Upload-Length": `${size}`,
        "Upload-Metadata": `filename ${base64(fileName)},channel ${base64(channel)}`,
        ...(first && content),
      },
      ...(first && { body: first }),
      ...(told && { told }),
    });
    // Who asks is said anew at each request, in its query too.
    const path = (reply.header("Location") ?? "").replace(/^https?:\/\/[^/]+/i, "").replace(/[?#].*/, "");
    if (!path.startsWith("/")) throw malformed("there is no Location");
    return { path, ...progress(reply, 0) };
  }

  /** Asks how far an upload has come; `not_found`: the server has it no more. */
  async head(path: string, signal: AbortSignal): Promise<Progress> {
    return progress(await this.#ask(path, signal, { method: "HEAD", headers: {} }));
  }

  /** Sends the bytes from `offset` on. */
  async patch(
    path: string,
    offset: number,
    body: Blob,
    signal: AbortSignal,
    told: (sent: number) => void,
  ): Promise<Progress> {
    const headers = { "Upload-Offset": `${offset}`, ...content };
    return progress(await this.#ask(path, signal, { method: "PATCH", headers, body, told }));
  }

  /** Has the server forget an upload. */
  async remove(path: string): Promise<void> {
    await this.#ask(path, undefined, { method: "DELETE", headers: {} });
  }

  /** The size of the largest file that the server takes, in bytes; undefined: it does not say. */
  async limit(): Promise<number | undefined> {
    const said = (await this.#ask(door, undefined, { method: "OPTIONS", headers: {} })).header(
      "Tus-Max-Size",
    );
    return said !== null && /^\d{1,15}$/.test(said) ? Number(said) : undefined;
  }

  async #ask(path: string, signal: AbortSignal | undefined, outgoing: Outgoing): Promise<Reply> {
    const replies: Reply[] = [];
    const whole = { ...outgoing, headers: { "Tus-Resumable": "1.0.0", ...outgoing.headers } };
    await this.#client.exchange(
      path,
      async (target) => {
        const reply = await send(target, whole);
        refuse(reply);
        replies.push(reply);
        return { status: reply.status, text: reply.status < 300 ? "" : reply.text };
      },
      signal,
    );
    const [reply] = replies.slice(-1);
    if (!reply) throw malformed("there is no answer");
    return reply;
  }
}

const content = { "Content-Type": "application/offset+octet-stream" };

/** Refusals whose status says more than a body, which an answer to HEAD has not. */
function refuse({ status }: Reply): void {
  if (status === 410) throw new ParleyError("not_found", "the upload is over");
  // Another request is writing to it, or has written; or bytes were changed on their way.
  if (status === 409 || status === 423 || status === 460)
    throw new ParleyError("unavailable", "the upload is elsewhere by now", { retry: true });
}

function progress(reply: Reply, otherwise?: number): Progress {
  const said = reply.header("Upload-Offset");
  const offset = said === null ? otherwise : /^\d{1,15}$/.test(said) ? Number(said) : undefined;
  const file = fileIn(reply.header("Parley-File"));
  if (offset === undefined && !file) throw malformed("there is no Upload-Offset");
  return { offset: offset ?? 0, ...(file && { file }) };
}

function fileIn(header: string | null): UploadedFile | undefined {
  if (!header) return undefined;
  try {
    const bytes = Uint8Array.from(atob(header.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as UploadedFile;
  } catch {
    throw malformed("Parley-File cannot be read");
  }
}

function malformed(what: string): ParleyError {
  return new ParleyError("malformed", `the answer is none of Parley's: ${what}`);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
