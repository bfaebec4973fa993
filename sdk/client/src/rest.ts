import { abortedBy } from "./abort";
import type { Address, Query } from "./address";
import { type ErrorCode, errorOf, needsToken, ParleyError } from "./error";
import type { Identity } from "./identity";
import type { Json } from "./types";

/** A request's answer, whatever it was sent by. */
export interface Answer {
  status: number;
  text: string;
}

/** Where a request goes, and who asks. */
export interface Target {
  url: string;
  headers: Record<string, string>;
  /** Aborted when the client is disconnected, or the caller wants no answer any more. */
  signal: AbortSignal;
}

export interface RequestOptions {
  query?: Query;
  /** JSON. */
  body?: Json;
  /** More headers, as `If-Match` and `Idempotency-Key`. */
  headers?: Record<string, string>;
  /** Gives the request up; it fails with the signal's reason. */
  signal?: AbortSignal;
}

/** What answers say that are none of the server's own: a proxy's. */
const codes: Record<number, ErrorCode> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  408: "timeout",
  413: "too_large",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** The REST side of the server. */
export class Rest {
  readonly #address: Address;
  readonly #identity: Identity;
  readonly #over = new AbortController();

  constructor(address: Address, identity: Identity) {
    this.#address = address;
    this.#identity = identity;
  }

  get(path: string, query?: Query): Promise<unknown> {
    return this.request("GET", path, query && { query });
  }

  request(method: string, path: string, { query, body, headers: more, signal: stop }: RequestOptions = {}) {
    return this.ask(path, query, stop, async ({ url, headers, signal }) => {
      const content = body !== undefined && {
        body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", ...more, ...headers },
      };
      const response = await fetch(url, { method, headers: { ...more, ...headers }, signal, ...content });
      return { status: response.status, text: await response.text() };
    });
  }

  /**
   * Sends a request, and is kept with its JSON; a refusal is a ParleyError. It is
   * sent again once, with a fresh token, where the one that was shown is refused.
   */
  async ask(
    path: string,
    query: Query | undefined,
    stop: AbortSignal | undefined,
    send: (target: Target) => Promise<Answer>,
  ): Promise<unknown> {
    const aborted = abortedBy([this.#over.signal, stop]);
    try {
      return await this.#as(false, path, query, aborted.signal, send).catch((error) => {
        const another =
          error instanceof ParleyError && needsToken.has(error.code) && this.#identity.renewable;
        if (!another) throw error;
        return this.#as(true, path, query, aborted.signal, send);
      });
    } finally {
      aborted.stop();
    }
  }

  /** What is under way is given up. */
  close(why: ParleyError): void {
    this.#over.abort(why);
  }

  async #as(
    fresh: boolean,
    path: string,
    query: Query | undefined,
    signal: AbortSignal,
    send: (target: Target) => Promise<Answer>,
  ): Promise<unknown> {
    const { token, userId } = fresh ? await this.#identity.show(true) : await this.#identity.last();
    const url = this.#address.rest(path, { ...query, userId });
    const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
    if (signal.aborted) throw signal.reason;
    let answer: Answer;
    try {
      answer = await send({ url, headers, signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ParleyError) throw error;
      throw new ParleyError("unavailable", `no answer: ${error instanceof Error ? error.message : error}`, {
        retry: true,
      });
    }
    return read(answer);
  }
}

function read({ status, text }: Answer): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  const good = status >= 200 && status < 300;
  if (good && text === "") return null; // 204
  if (good && answer !== undefined) return answer;
  const problem = (answer ?? {}) as { code?: unknown; detail?: unknown };
  if (!good && typeof problem.code === "string")
    throw errorOf({ ...problem, message: problem.detail ?? status });
  throw new ParleyError(
    codes[status] ?? (good ? "malformed" : "internal"),
    `the answer is none of Parley's (${status})`,
    { retry: status >= 500 || status === 429 || status === 408 },
  );
}
