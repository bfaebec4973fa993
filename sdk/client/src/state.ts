import type { Frame } from "./frame";
import { parsePosition } from "./frame";
import type { Json, StateEvent } from "./types";

/** One key of a channel's shared state. */
export interface StateValue {
  value: Json;
  /** The seq of the event that set it; what `if` compares with. */
  version: number;
}

export interface SetOptions {
  /** Only if the key's version is this one; 0: only if there is no such key. Else `version_conflict`. */
  if?: number;
  /** Milliseconds after which the key is deleted by itself. */
  ttl?: number;
}

export interface SharedStateOptions {
  ask(frame: Frame): Promise<Frame>;
  commit(frame: Frame & { channelId: string }): Promise<Frame>;
  /** Calls back for each state event of the channel, in order, until the function that it returns is called. */
  listen(callback: (event: StateEvent) => void): () => void;
  /** Calls back each time that there is a connection again, until the function that it returns is called. */
  ready(callback: () => void): () => void;
}

/**
 * The keys of one channel that all its members see and change. Reading follows
 * the log: the channel must be joined for `subscribe` and for what is read to
 * stay up to date.
 */
export class SharedState {
  readonly #channelId: string;
  readonly #options: SharedStateOptions;
  #keys: Map<string, StateValue> | undefined;
  #loading: Promise<Map<string, StateValue>> | undefined;
  #early: StateEvent[] = []; // while loading
  #stop: (() => void) | undefined;
  readonly #listeners = new Set<(key: string, value: StateValue | undefined) => void>();

  constructor(channelId: string, options: SharedStateOptions) {
    this.#channelId = channelId;
    this.#options = options;
  }

  /** A key as this client knows it; undefined: there is none. */
  async get(key: string): Promise<StateValue | undefined> {
    return (await this.#load()).get(key);
  }

  async all(): Promise<ReadonlyMap<string, StateValue>> {
    return new Map(await this.#load());
  }

  /** Sets a key, and is kept with its new version. */
  async set(key: string, value: Json, options: SetOptions = {}): Promise<number> {
    const ack = await this.#options.commit({
      type: "state.set",
      channelId: this.#channelId,
      key,
      value,
      ...options,
    });
    return ack.seq ?? 0;
  }

  /** Adds a whole number to a key, and is kept with the sum. A key that is not there counts as 0. */
  async add(key: string, n: number): Promise<number> {
    const ack = await this.#options.commit({ type: "state.set", channelId: this.#channelId, key, add: n });
    return ack.value as number;
  }

  async delete(key: string, options: Pick<SetOptions, "if"> = {}): Promise<void> {
    await this.#options.commit({ type: "state.delete", channelId: this.#channelId, key, ...options });
  }

  /**
   * Calls `listener` for every key that there is and for each change, until the
   * function that it returns is called. Where the keys cannot be read yet, they
   * are once there is a connection again.
   */
  subscribe(listener: (key: string, value: StateValue | undefined) => void): () => void {
    let live = true;
    const mine = (key: string, value: StateValue | undefined) => {
      if (live) listener(key, value);
    };
    let stop: (() => void) | undefined;
    const begin = () =>
      void this.#load().then(
        (keys) => {
          stop?.();
          if (!live || this.#listeners.has(mine)) return;
          for (const [key, value] of keys) mine(key, value);
          this.#listeners.add(mine);
        },
        () => {
          if (live) stop ??= this.#options.ready(begin);
        },
      );
    begin();
    return () => {
      live = false;
      stop?.();
      this.#listeners.delete(mine);
    };
  }

  /** Forgets what is known: the channel was left. */
  reset(): void {
    this.#stop?.();
    this.#stop = this.#keys = this.#loading = undefined;
    this.#early = [];
  }

  /** What is known may have missed something: it is read anew, and listeners are told what differs. */
  renew(): void {
    const before = this.#keys;
    this.reset();
    if (!before || this.#listeners.size === 0) return;
    void this.#load().then(
      (now) => {
        for (const key of before.keys()) if (!now.has(key)) this.#tell(key, undefined);
        for (const [key, value] of now)
          if (before.get(key)?.version !== value.version) this.#tell(key, value);
      },
      () => {},
    );
  }

  #load(): Promise<Map<string, StateValue>> {
    if (this.#keys) return Promise.resolve(this.#keys);
    this.#loading ??= this.#read().catch((error) => {
      this.reset();
      throw error;
    });
    return this.#loading;
  }

  async #read(): Promise<Map<string, StateValue>> {
    this.#stop ??= this.#options.listen((event) => this.#changed(event));
    const keys = new Map<string, StateValue>();
    let head = 0;
    for (let after: string | undefined; ; ) {
      const page = await this.#options.ask({
        type: "state.get",
        channelId: this.#channelId,
        limit: 1000,
        after,
      });
      head ||= parsePosition(page.head as string)?.seq ?? 0;
      for (const k of page.keys as (StateValue & { key: string })[])
        keys.set(k.key, { value: k.value, version: k.version });
      after = page.next as string | undefined;
      if (after === undefined) break;
    }
    this.#keys = keys;
    for (const event of this.#early.splice(0)) if (event.seq > head) this.#apply(keys, event);
    return keys;
  }

  #changed(event: StateEvent): void {
    if (this.#keys) this.#apply(this.#keys, event);
    else this.#early.push(event);
  }

  #apply(keys: Map<string, StateValue>, event: StateEvent): void {
    if (event.seq <= (keys.get(event.key)?.version ?? 0)) return;
    const value = event.deleted ? undefined : { value: event.value ?? null, version: event.seq };
    if (value) keys.set(event.key, value);
    else keys.delete(event.key);
    this.#tell(event.key, value);
  }

  #tell(key: string, value: StateValue | undefined): void {
    for (const listener of [...this.#listeners]) listener(key, value);
  }
}
