import type { components, paths } from "../../types/openapi";

/** What the server's answers and requests are made of, as docs/openapi.json describes them. */
export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "patch" | "delete";
type Json = "application/json";

/** The paths that have a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;

/** What a request brings along: what its path names, its query, its body. */
export type Given<O> = {
  signal?: AbortSignal | undefined;
} & (O extends { parameters: { path: infer V extends object } } ? { path: V } : { path?: never }) &
  (O extends { parameters: { query?: infer Q } }
    ? { query?: { [K in keyof Q]?: Q[K] | undefined } }
    : { query?: never }) &
  (O extends { requestBody: { content: Record<Json, infer B> } }
    ? { body: B }
    : O extends { requestBody?: { content: Record<Json, infer B> } }
      ? { body?: B }
      : { body?: never });

/** What an operation answers; undefined where it has nothing to say. */
export type Answer<O> = O extends { responses: { 200: { content: Record<Json, infer A> } } }
  ? A
  : O extends { responses: { 201: { content: Record<Json, infer A> } } }
    ? A
    : undefined;

/** A refusal of the server's, or of the way to it: then its code is `unreachable`. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    /** Stable, and the same at every door; branch on it. */
    readonly code: string,
    /** For people; may change. */
    readonly detail: string,
    readonly status = 0,
    /** With the code `expired`: what came up to this seq is no longer kept. */
    readonly horizon?: number,
  ) {
    super(`${code}: ${detail}`);
  }

  /** The credential counts no more, or never did. */
  get ends(): boolean {
    return this.status === 401;
  }
}

/** After so many milliseconds there will be no answer: the server gives up before. */
const patience = 30_000;

/** The REST API of the page's own server, asked with one credential. */
export class Rest {
  readonly #credential: string;
  readonly #refused: (why: Refusal) => void;
  readonly #project: string;

  /**
   * `refused` is told of every 401 before it is thrown. An empty credential is none. `project` is another one than
   * the credential's own, in which the server's operator may act; empty: its own.
   */
  constructor(credential: string, refused: (why: Refusal) => void = () => {}, project = "") {
    this.#credential = credential;
    this.#refused = refused;
    this.#project = project;
  }

  /** Sends a request. Throws a {@link Refusal}, or, if `signal` fires, what aborting throws. */
  async ask<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    given: Given<Operation<P, M>>,
  ): Promise<Answer<Operation<P, M>>> {
    const headers = new Headers();
    if (this.#credential) headers.set("Authorization", `Bearer ${this.#credential}`);
    if (given.body !== undefined) headers.set("Content-Type", "application/json");
    const query: object | undefined = given.query;
    const at = address(path, given.path, { ...query, project: this.#project });
    const response = await this.#send(at, given.signal, {
      method: method.toUpperCase(),
      headers,
      cache: "no-store",
      ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
    });
    if (response.status === 204) return undefined as Answer<Operation<P, M>>;
    return response.json();
  }

  async #send(url: string, stop: AbortSignal | undefined, request: RequestInit): Promise<Response> {
    const late = AbortSignal.timeout(patience);
    let response: Response;
    try {
      response = await fetch(url, { ...request, signal: stop ? AbortSignal.any([stop, late]) : late });
    } catch (err) {
      if (stop?.aborted) throw err;
      throw new Refusal("unreachable", String(err));
    }
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    if (refusal.ends) this.#refused(refusal);
    throw refusal;
  }
}

/**
 * The path with what it names put in, and the query's values that there are. Throws a {@link Refusal} of names that
 * a browser takes for steps, however they are written: `/v1/users/../sessions` would be everybody's sessions.
 */
export function address(path: string, named: object = {}, query: object = {}): string {
  const values = new Map<string, unknown>(Object.entries(named));
  const at = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(values.get(name));
    if (value === "." || value === "..")
      throw new Refusal("not_found", `nothing can be called ${value}`, 404);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  return search.size ? `${at}?${search}` : at;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const problem: unknown = await response.json().catch(() => null);
  if (typeof problem === "object" && problem && "code" in problem && typeof problem.code === "string") {
    const detail = "detail" in problem && typeof problem.detail === "string" ? problem.detail : "";
    return new Refusal(
      problem.code,
      detail,
      response.status,
      "expired" in problem ? seqIn(problem.expired) : undefined,
    );
  }
  return new Refusal("unreachable", `${response.status} ${response.statusText}`, response.status);
}

/** The seq of the oldest position that an expired one is answered with. */
function seqIn(expired: unknown): number | undefined {
  if (typeof expired !== "object" || !expired || !("oldest" in expired)) return undefined;
  const seq = Number(String(expired.oldest).split(":")[1]);
  return Number.isSafeInteger(seq) ? seq : undefined;
}
