import { ParleyError } from "../error";
import type { Target } from "../rest";

/** An answer with its headers. */
export interface Reply {
  status: number;
  text: string;
  header(name: string): string | null;
}

export interface Outgoing {
  method: string;
  headers: Record<string, string>;
  body?: Blob;
  /** Told how many bytes of the body have gone out, where that can be known. */
  told?: (sent: number) => void;
}

/** A request on which nothing moves for so many milliseconds is given up. */
const stall = 45_000;

/** Sends a request: with XMLHttpRequest where there is one, for fetch does not tell how far a body has come. */
export function send(target: Target, outgoing: Outgoing): Promise<Reply> {
  return typeof XMLHttpRequest === "undefined"
    ? byFetch(target, outgoing)
    : byXMLHttpRequest(target, outgoing);
}

async function byFetch(
  { url, headers, signal }: Target,
  { method, body, ...more }: Outgoing,
): Promise<Reply> {
  const all = { ...more.headers, ...headers };
  const response = await fetch(url, { method, headers: all, signal, ...(body && { body }) });
  const text = await response.text();
  return { status: response.status, text, header: (name) => response.headers.get(name) };
}

function byXMLHttpRequest({ url, headers, signal }: Target, outgoing: Outgoing): Promise<Reply> {
  const { method, body, told } = outgoing;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let timer = setTimeout(abort, stall);
    const moves = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, stall);
    };
    signal.addEventListener("abort", abort);
    request.upload.onprogress = ({ loaded }) => {
      moves();
      told?.(loaded);
    };
    request.onload = () =>
      resolve({
        status: request.status,
        text: request.responseText,
        header: (name) => request.getResponseHeader(name),
      });
    request.onerror = request.onabort = () =>
      reject(new ParleyError("unavailable", "the request did not get through", { retry: true }));
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    };
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...outgoing.headers, ...headers }))
      request.setRequestHeader(name, value);
    request.send(body ?? null);
  });
}
