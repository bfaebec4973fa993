import { Backoff } from "./backoff";
import { errorOf, needsToken, ParleyError } from "./error";
import { type Frame, parseFrame } from "./frame";

/** The part of a WebSocket that the client uses; browsers', Node's and the package ws's have it. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Ends it without waiting for the other side; the package ws has it. */
  terminate?(): void;
}

/** What a client says of itself when it connects. */
export interface Credentials {
  token?: string | undefined;
  /** Believed by a server with `--dev` alone. */
  userId?: string | undefined;
  userName?: string | undefined;
}

/** Who the server says that this is. */
export interface Session {
  session: string;
  userId: string;
  userName?: string;
  guest: boolean;
  guestToken?: string;
  expires?: string;
}

export interface LinkOptions {
  /** Decides how to connect, and gives what opens a socket. */
  choose(): Promise<() => Socket>;
  /** Asked before each connection, and when a token is about to expire (`fresh`). */
  credentials(fresh: boolean): Promise<Credentials>;
  /** Another token can be had when one is refused. */
  renewable: boolean;
  /** Connect again by oneself. */
  reconnect: boolean;
  base: number;
  cap: number;
  /** The server has so many milliseconds to let the client in. */
  connectWithin: number;
  /** A connection that is silent for so long is asked, and has half as long to answer. */
  pingEvery: number;
  random(): number;
  now(): number;
  after(milliseconds: number, callback: () => void): () => void;
}

export interface LinkListener {
  up(session: Session): void;
  frame(frame: Frame): void;
  /** The connection is gone; the next attempt is made after so many milliseconds, or none. */
  down(why: ParleyError, retryIn: number | undefined): void;
}

const unauthorized = 4001;

/** A token is renewed so long before it expires, or at four fifths of its time. */
const renewBefore = 60_000;

/** A connection that has lasted so long was a good one. */
const lasting = 10_000;

/** setTimeout takes no more. */
const longest = 2 ** 31 - 1;

/** One connection after another to a server, until it is closed. */
export class Link {
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  readonly #backoff: Backoff;
  #socket: Socket | undefined;
  #isUp = false;
  #closed = false;
  #attempt = 0; // tells the events of a connection that was given up from those of this one
  #refused = false; // with a token that was good for nothing
  #heard = false;
  #why: ParleyError | undefined; // what the server said before it closed
  #timers = new Map<"connect" | "ping" | "renew" | "lasts" | "retry", () => void>();

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
    this.#backoff = new Backoff(options.base, options.cap, options.random);
  }

  get connected(): boolean {
    return this.#isUp;
  }

  start(): void {
    void this.#connect();
  }

  /** Sends a frame; false: there is no connection. */
  send(frame: Frame): boolean {
    if (!this.#isUp || !this.#socket) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Cuts the pause before the next attempt short. */
  hurry(): void {
    if (this.#closed || !this.#timers.has("retry")) return;
    this.#stop("retry");
    void this.#connect();
  }

  /** Replaces the connection by another, at once. */
  renew(): void {
    if (this.#closed) return;
    this.#end();
    this.#listener.down(new ParleyError("going_away", "there is a better way", { retry: true }), 0);
    void this.#connect();
  }

  /** Ends the connection, for good. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#why = undefined;
    this.#timer("connect", this.#options.connectWithin, () => {
      this.#lost(new ParleyError("timeout", "the server did not let us in within the time"));
    });
    const current = () => attempt === this.#attempt && !this.#closed;
    const failed = (what: string, error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      if (current()) this.#lost(new ParleyError("unavailable", what + why, { retry: true }));
    };
    let who: Credentials;
    try {
      who = await this.#options.credentials(this.#refused);
    } catch (error) {
      failed("no token: ", error);
      return;
    }
    if (!current()) return;
    let socket: Socket;
    try {
      const open = await this.#options.choose();
      if (!current()) return;
      socket = open();
    } catch (error) {
      failed("", error);
      return;
    }
    this.#socket = socket;
    socket.onerror = () => {}; // close follows
    socket.onopen = () => {
      if (current()) socket.send(JSON.stringify({ type: "connect", ref: 0, ...who }));
    };
    socket.onmessage = ((event: { data: unknown }) => {
      if (current()) this.#told(event.data);
    }) as (event: never) => void;
    socket.onclose = ((event: { code?: number; reason?: string }) => {
      if (!current()) return;
      const code = event.code === unauthorized ? "unauthorized" : "unavailable";
      this.#lost(
        this.#why ??
          new ParleyError(code, event.reason || `the connection ended (${event.code ?? 1006})`, {
            retry: true,
          }),
      );
    }) as (event: never) => void;
  }

  #told(data: unknown): void {
    this.#heard = true;
    const frame = parseFrame(data);
    if (!frame) return;
    switch (frame.type) {
      case "connected":
        // Under --dev the server greets a guest before it has heard who we are.
        if (frame.ref === 0) this.#up(frame);
        return;
      case "going_away":
        this.#why = new ParleyError("going_away", "the server stops", {
          retry: true,
          retryAfter: frame.retryAfter as number,
        });
        return;
      case "expiring":
        this.#why = errorOf(frame);
        return;
      case "error":
        if (frame.ref === 0) {
          this.#why = errorOf(frame);
          if (!this.#isUp) this.#lost(this.#why);
          return;
        }
    }
    if (frame.type !== "pong") this.#listener.frame(frame);
  }

  #up(frame: Frame): void {
    const session = frame as unknown as Session;
    this.#refused = false;
    this.#renewAt(session.expires);
    if (this.#isUp) return; // the answer to a fresh token
    this.#isUp = true;
    this.#stop("connect");
    this.#timer("lasts", lasting, () => this.#backoff.reset());
    this.#watch();
    this.#listener.up(session);
  }

  /** Asks whether the server is still there, when it has been silent. */
  #watch(): void {
    this.#heard = false;
    this.#timer("ping", this.#options.pingEvery, () => {
      if (this.#heard) {
        this.#watch();
        return;
      }
      this.send({ type: "ping" });
      this.#timer("ping", this.#options.pingEvery / 2, () => {
        if (this.#heard) this.#watch();
        else this.#lost(new ParleyError("timeout", "the server is silent", { retry: true }));
      });
    });
  }

  #renewAt(expires: string | undefined): void {
    this.#stop("renew");
    if (!expires || !this.#options.renewable) return;
    const left = Date.parse(expires) - this.#options.now();
    this.#timer(
      "renew",
      Math.min(longest, Math.max(left - renewBefore, left * 0.8)),
      () => void this.#refresh(),
    );
  }

  async #refresh(): Promise<void> {
    const attempt = this.#attempt;
    try {
      const who = await this.#options.credentials(true);
      if (attempt === this.#attempt) this.send({ type: "connect", ref: 0, ...who });
    } catch {
      // The server says when the old one is no longer good; then it is asked for again.
    }
  }

  /** The connection is over, or never came to be. */
  #lost(why: ParleyError): void {
    this.#end(why.code === "timeout");
    if (this.#closed) return;
    const hopeless = needsToken.has(why.code) && (!this.#options.renewable || this.#refused);
    this.#refused = needsToken.has(why.code);
    if (hopeless || !this.#options.reconnect || why.code === "unsupported_version") {
      this.#closed = true;
      this.#listener.down(why, undefined);
      return;
    }
    const wait = why.code === "going_away" ? (why.retryAfter ?? 0) : this.#backoff.next();
    this.#timer("retry", wait, () => void this.#connect());
    this.#listener.down(why, wait);
  }

  /** `silent`: nobody is there who would answer a close frame. */
  #end(silent = false): void {
    this.#attempt++;
    this.#isUp = false;
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (silent && socket.terminate) socket.terminate();
    else socket.close(1000);
  }

  #timer(
    name: "connect" | "ping" | "renew" | "lasts" | "retry",
    milliseconds: number,
    callback: () => void,
  ): void {
    this.#stop(name);
    this.#timers.set(
      name,
      this.#options.after(milliseconds, () => {
        this.#timers.delete(name);
        callback();
      }),
    );
  }

  #stop(name: "connect" | "ping" | "renew" | "lasts" | "retry"): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}
