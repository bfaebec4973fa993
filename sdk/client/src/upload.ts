import { ParleyError } from "./error";
import type { Answer, Rest, Target } from "./rest";

export interface UploadOptions {
  /** Where the file is shared: who may read the channel may have the file, once a message names it. */
  channel: string;
  /** Default: the file's own name, or `file`. */
  fileName?: string;
  /**
   * Told how many bytes of the request have gone out, of how many. Without
   * XMLHttpRequest (in Node) it is told of the beginning and the end alone.
   */
  onProgress?: (sent: number, total: number) => void;
  /** Gives the upload up; it fails with the signal's reason. */
  signal?: AbortSignal;
}

/** A file as the server has it; `{type: "file", url, fileName, fileSize}` is the body of a message that shares it. */
export interface UploadedFile {
  /** Its path on the server, the same for as long as the file is kept. */
  url: string;
  fileName: string;
  /** In bytes. */
  fileSize: number;
  /** What its content is, as the server sees it. */
  type: string;
  /** Of images, as they are shown. */
  width?: number;
  height?: number;
  /** The path of a smaller image, where one could be made. */
  thumbnailUrl?: string;
}

/** Uploads a file to a channel; it is on stable storage when the promise is kept. */
export async function upload(
  rest: Rest,
  file: Blob | Uint8Array,
  options: UploadOptions,
): Promise<UploadedFile> {
  if (options.signal?.aborted) throw options.signal.reason;
  // A copy of the bytes: they may lie in memory that is shared, which a Blob does not take.
  const blob = file instanceof Blob ? file : new Blob([file.slice()]);
  const name = options.fileName ?? (blob as Partial<File>).name ?? "file";
  const body = new FormData();
  body.append("conversationId", options.channel);
  body.append("file", blob, name);
  const told = options.onProgress ?? (() => {});
  const answer = await rest.ask("/api/upload", undefined, options.signal, (target) =>
    typeof XMLHttpRequest === "undefined"
      ? byFetch(target, body, blob.size, told)
      : byXMLHttpRequest(target, body, told),
  );
  return answer as UploadedFile;
}

async function byFetch(
  { url, headers, signal }: Target,
  body: FormData,
  size: number,
  told: (sent: number, total: number) => void,
): Promise<Answer> {
  told(0, size);
  const response = await fetch(url, { method: "POST", headers, body, signal });
  const answer = { status: response.status, text: await response.text() };
  if (response.ok) told(size, size);
  return answer;
}

function byXMLHttpRequest(
  { url, headers, signal }: Target,
  body: FormData,
  told: (sent: number, total: number) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener("abort", abort);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) told(event.loaded, event.total);
    };
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = request.onabort = () =>
      reject(new ParleyError("unavailable", "the upload did not get through", { retry: true }));
    request.onloadend = () => signal.removeEventListener("abort", abort);
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}
