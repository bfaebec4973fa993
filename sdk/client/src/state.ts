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

/** What is said of a key by the log, or by what this client did: `own`, which the log tells of a moment later. */
type Change = Pick<StateEvent, "seq" | "key" | "value" | "deleted"> & { own?: true };

/**
 * The keys of one channel that all its members see and change. Reading follows
 * the log: the channel must be joined for `subscribe` and for what is read to
 * stay up to date. What this client has set is read from when its promise is
 * kept.
 */
export class SharedState {
  readonly #channelId: string;
  readonly #options: SharedStateOptions;
  #keys: Map<string, StateValue> | undefined;
  #loading: Promise<Map<string, StateValue>> | undefined;
  #early: Change[] = []; // while loading
  #head = 0; // the log is known up to here
  readonly #gone = new Map<string, number>(); // what this client deleted after that, and at which seq
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
    const seq = ack.seq ?? 0;
    this.#changed({ key, seq, value: JSON.parse(JSON.stringify(value)) as Json, own: true });
    return seq;
  }

  /** Adds a whole number to a key, and is kept with the sum. A key that is not there counts as 0. */
  async add(key: string, n: number): Promise<number> {
    const ack = await this.#options.commit({ type: "state.set", channelId: this.#channelId, key, add: n });
    const sum = ack.value as number;
    this.#changed({ key, seq: ack.seq ?? 0, value: sum, own: true });
    return sum;
  }

  async delete(key: string, options: Pick<SetOptions, "if"> = {}): Promise<void> {
    const ack = await this.#options.commit({
      type: "state.delete",
      channelId: this.#channelId,
      key,
      ...options,
    });
    this.#changed({ key, seq: ack.seq ?? 0, deleted: true, own: true });
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
    this.#head = 0;
    this.#gone.clear();
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
    this.#head = head;
    for (const change of this.#early.splice(0)) this.#apply(keys, change);
    return keys;
  }

  #changed(change: Change): void {
    if (this.#keys) this.#apply(this.#keys, change);
    else if (this.#stop) this.#early.push(change);
  }

  #apply(keys: Map<string, StateValue>, { seq, key, own, ...change }: Change): void {
    if (seq <= this.#head) return;
    if (seq > (keys.get(key)?.version ?? this.#gone.get(key) ?? 0)) {
      const value = change.deleted ? undefined : { value: change.value ?? null, version: seq };
      this.#gone.delete(key);
      if (value) keys.set(key, value);
      else {
        keys.delete(key);
        this.#gone.set(key, seq);
      }
      this.#tell(key, value);
    }
    if (own) return;
    this.#head = seq;
    for (const [name, at] of this.#gone) if (at <= seq) this.#gone.delete(name);
  }

  #tell(key: string, value: StateValue | undefined): void {
    for (const listener of [...this.#listeners]) listener(key, value);
  }
}
