import { Backoff } from "../backoff";
import type { Client } from "../client";
import { after } from "../clock";
import { ParleyError } from "../error";
import type { UploadedFile } from "../upload";
import { fingerprint, localMemory, type UploadMemory } from "./memory";
import { type Progress, Tus } from "./tus";

export interface ResumableOptions {
  /** Where the file is shared: who may read the channel may have the file, once a message names it. */
  channel: string;
  /** Default: the file's own name, or `file`. */
  fileName?: string;
  /** At most so many bytes go in one request. Default 8 MiB. */
  piece?: number;
  /** Where an unfinished upload is remembered. Default: localStorage, where there is one; false: nowhere. */
  memory?: UploadMemory | false;
  /** Pauses before attempts, as the client's. Default 500 and 30,000 milliseconds. */
  backoff?: { base?: number; cap?: number };
}

/** How an upload stands: `sent` bytes of `total` have gone out. */
export type UploadState = { readonly sent: number; readonly total: number } & (
  | { readonly state: "ready" | "uploading" | "paused" | "cancelled" }
  /** Something was in the way; it goes on by itself. */
  | { readonly state: "retrying"; readonly error: ParleyError }
  | { readonly state: "done"; readonly file: UploadedFile }
  | { readonly state: "failed"; readonly error: unknown }
);

type Standing = Bare<UploadState>;

/** Each of a union without how far it has come. */
type Bare<State> = State extends unknown ? Omit<State, "sent" | "total"> : never;

/** What the uploads under way are remembered by, each client's. */
const underWay = new WeakMap<object, Set<string>>();

/** A file of at most so many bytes goes with the request that begins its upload. */
const together = 256 << 10;

/** An upload that the server does not know any more is begun anew so often. */
const mostVanished = 3;

/**
 * An upload that can be paused, and that goes on where it was after a broken
 * connection, a restart of the server, and a reload of the page, when the same
 * file is chosen again. It is on stable storage when `start`'s promise is kept.
 */
export class ResumableUpload {
  readonly fileName: string;
  readonly #client: Pick<Client, "exchange" | "on">;
  readonly #tus: Tus;
  readonly #file: Blob;
  readonly #options: ResumableOptions;
  readonly #memory: UploadMemory | undefined;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<() => void>();
  #current: UploadState;
  #key: string | undefined; // what the upload is remembered by
  #path: string | undefined; // of the upload on the server
  #offset: number | undefined; // which the server has; undefined: ask it
  #vanished = 0;
  #paused = false;
  #cancelled = false;
  #request = new AbortController();
  #wake = () => {};
  #running: Promise<UploadedFile> | undefined;

  constructor(client: Pick<Client, "exchange" | "on">, file: Blob | Uint8Array, options: ResumableOptions) {
    this.#client = client;
    this.#tus = new Tus(client);
    this.#file = file instanceof Blob ? file : new Blob([file.slice()]);
    this.#options = options;
    this.fileName = options.fileName ?? (this.#file as Partial<File>).name ?? "file";
    this.#memory = options.memory === false ? undefined : (options.memory ?? localMemory());
    this.#backoff = new Backoff(options.backoff?.base ?? 500, options.backoff?.cap ?? 30_000, Math.random);
    this.#current = { state: "ready", sent: 0, total: this.#file.size };
  }

  /** How it stands: the same object until a listener is told of another. */
  readonly snapshot = (): UploadState => this.#current;

  /** Calls `listener` at each change until the function that it returns is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    this.#listeners.add(mine);
    return () => {
      this.#listeners.delete(mine);
    };
  };

  /** Begins, or after a failure goes on; kept with the file. Fails where it is refused, or cancelled (`closed`). */
  start(): Promise<UploadedFile> {
    if (!this.#running) {
      this.#running = this.#run();
      this.#running.catch(() => {
        this.#running = undefined;
      });
    }
    return this.#running;
  }

  /** Sends nothing until `resume`. */
  pause(): void {
    if (this.#paused || this.#over) return;
    this.#paused = true;
    this.#show({ state: "paused" });
    this.#request.abort();
    this.#wake();
  }

  /** Goes on, at once also where it waits for another attempt. */
  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Gives it up: the server forgets what it has of it. */
  async cancel(): Promise<void> {
    if (this.#over) return;
    this.#cancelled = true;
    this.#request.abort();
    this.#wake();
    await this.#running?.catch(() => {});
    this.#show({ state: "cancelled" });
    const path = this.#path;
    this.#forget();
    if (path) await this.#tus.remove(path).catch(() => {}); // else it expires
  }

  get #over(): boolean {
    return this.#cancelled || this.#current.state === "done";
  }

  async #run(): Promise<UploadedFile> {
    const stop = this.#client.on("ready", () => this.#paused || this.#wake());
    let release = () => {};
    try {
      release = await this.#recall();
      for (;;) {
        await this.#allowed();
        const file = await this.#attempt();
        if (!file) continue;
        this.#forget();
        this.#show({ state: "done", file }, this.#file.size);
        return file;
      }
    } catch (error) {
      if (!this.#cancelled) this.#show({ state: "failed", error });
      throw error;
    } finally {
      release();
      stop();
    }
  }

  /**
   * Finds the upload of the same file that was begun before. While another one of the client's goes on with
   * that, this one is of its own and is not remembered. It ends with the call of what is returned.
   */
  async #recall(): Promise<() => void> {
    if (!this.#memory || this.#file.size <= together) return () => {};
    const key = await fingerprint(this.#options.channel, this.fileName, this.#file).catch(unreadable);
    const others = underWay.get(this.#client) ?? new Set();
    underWay.set(this.#client, others);
    if (others.has(key)) {
      if (this.#key !== undefined) this.#path = this.#offset = this.#key = undefined; // it was taken over
      return () => {};
    }
    others.add(key);
    this.#key = key;
    this.#path ??= this.#memory.get(key);
    return () => others.delete(key);
  }

  #forget(): void {
    const path = this.#path;
    this.#path = this.#offset = undefined;
    if (this.#key !== undefined && this.#memory?.get(this.#key) === path) this.#memory?.remove(this.#key);
  }

  /** Waits while it is paused. */
  async #allowed(): Promise<void> {
    while (this.#paused && !this.#cancelled) await this.#sleep();
    if (this.#cancelled) throw new ParleyError("closed", "the upload was cancelled");
    if (this.#current.state !== "uploading" && this.#current.state !== "retrying")
      this.#show({ state: "uploading" });
  }

  /** One request; undefined: more are needed. */
  async #attempt(): Promise<UploadedFile | undefined> {
    this.#request = new AbortController();
    try {
      const { offset, file } = await this.#next(this.#request.signal);
      this.#offset = offset;
      if (!this.#paused && !this.#cancelled) this.#show({ state: "uploading" }, offset);
      return file;
    } catch (error) {
      this.#offset = undefined;
      if (!this.#paused && !this.#cancelled) await this.#failed(error);
      return undefined;
    }
  }

  async #next(signal: AbortSignal): Promise<Progress> {
    const told = (from: number) => (sent: number) => {
      if (!signal.aborted) this.#show({ state: "uploading" }, from + sent);
    };
    if (this.#path === undefined) return this.#begin(signal, told(0));
    if (this.#offset === undefined) return this.#tus.head(this.#path, signal);
    const from = this.#offset;
    const piece = this.#file.slice(from, from + (this.#options.piece ?? 8 << 20));
    const now = await this.#tus.patch(this.#path, from, piece, signal, told(from));
    this.#backoff.reset();
    return now;
  }

  async #begin(signal: AbortSignal, told: (sent: number) => void): Promise<Progress> {
    const { size } = this.#file;
    const about = { size, channel: this.#options.channel, fileName: this.fileName };
    const first = size <= together && { first: this.#file };
    const begun = await this.#tus.create({ ...about, ...first }, signal, told);
    this.#path = begun.path;
    if (this.#key !== undefined) this.#memory?.set(this.#key, begun.path);
    this.#backoff.reset();
    return begun;
  }

  /** An attempt failed: throws where another would too, else waits until it is time for one. */
  async #failed(error: unknown): Promise<void> {
    if (!(error instanceof ParleyError)) throw error;
    if (error.code === "not_found" && this.#path !== undefined && this.#vanished++ < mostVanished) {
      this.#forget();
      return;
    }
    if (!error.retry) throw error;
    // That bytes cannot be read looks like a broken connection.
    await this.#file.slice(0, 1).arrayBuffer().catch(unreadable);
    if (this.#paused || this.#cancelled) return;
    this.#show({ state: "retrying", error });
    await this.#sleep(error.retryAfter ?? this.#backoff.next());
  }

  /** Waits until it is woken, at most so many milliseconds. */
  #sleep(most?: number): Promise<void> {
    return new Promise((wake) => {
      const stop = most === undefined ? () => {} : after(most, wake);
      this.#wake = () => {
        stop();
        wake();
      };
    });
  }

  #show(standing: Standing, sent = this.#current.sent): void {
    const { total } = this.#current;
    this.#current = { ...standing, sent: Math.min(sent, total), total };
    for (const listener of [...this.#listeners]) listener();
  }
}

function unreadable(): never {
  throw new ParleyError("invalid", "the file cannot be read any more");
}
