import type { Client, Presence } from "@parley/client";

/** How long what was asked about somebody holds, in milliseconds. */
const fresh = 60_000;

/** Somebody as far as is known; at least their id. */
export type Person = Pick<Presence, "userId"> & Partial<Presence>;

/**
 * Who people are and how present: asked for when somebody is shown, and kept up to date by what the
 * client is told of, and by asking again while the page can be seen. What it gives out is the same object until something is different.
 */
export class People {
  readonly #all = new Map<string, Person>();
  readonly #asked = new Map<string, number>(); // when
  readonly #wanted = new Map<string, number>(); // by how many
  readonly #listeners = new Set<() => void>();
  #stops: (() => void)[] = [];
  readonly #client: Client;
  readonly #now: () => number;

  constructor(client: Client, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  /** What is known of a user. */
  get(userId: string): Person {
    let person = this.#all.get(userId);
    if (!person) {
      person = { userId };
      this.#all.set(userId, person);
    }
    return person;
  }

  /** Everybody who was met, for suggestions. */
  get known(): readonly Person[] {
    return [...this.#all.values()];
  }

  /** Keeps somebody up to date until the function that it returns is called. */
  want(userId: string): () => void {
    this.#wanted.set(userId, (this.#wanted.get(userId) ?? 0) + 1);
    this.#ask(userId);
    return () => {
      const left = (this.#wanted.get(userId) ?? 1) - 1;
      if (left > 0) this.#wanted.set(userId, left);
      else this.#wanted.delete(userId);
    };
  }

  /** Asks again, as after a change of one's own. */
  async renew(userId: string): Promise<void> {
    this.#asked.set(userId, this.#now());
    try {
      this.#met(await this.#client.getPresence(userId));
    } catch {
      this.#asked.delete(userId); // nobody knows them yet, or nobody answers: the next who wants them asks again
    }
  }

  #start(): void {
    const client = this.#client;
    const look = () => {
      if (document.visibilityState === "visible") this.#askAll();
    };
    const timer = setInterval(look, fresh);
    document.addEventListener("visibilitychange", look);
    this.#stops = [
      () => clearInterval(timer),
      () => document.removeEventListener("visibilitychange", look),
      client.on("ready", () => {
        this.#asked.clear();
        this.#askAll();
      }),
      client.on("level", ({ present = [] }) => {
        for (const person of present) this.#met(person);
      }),
      client.on("presence", ({ joined = [], changed = [], left = [] }) => {
        for (const person of [...joined, ...changed]) this.#met(person);
        for (const { userId } of left) if (this.#wanted.has(userId)) void this.renew(userId);
      }),
      client.on("message", ({ senderId, senderName }) => {
        if (senderName !== undefined && this.get(senderId).userName !== senderName)
          this.#met({ ...this.get(senderId), userName: senderName });
      }),
    ];
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #askAll(): void {
    for (const userId of this.#wanted.keys()) this.#ask(userId);
  }

  #ask(userId: string): void {
    const at = this.#asked.get(userId);
    if (at !== undefined && this.#now() - at < fresh / 2) return;
    if (this.#client.isConnected) void this.renew(userId);
  }

  #met(person: Person): void {
    const before = this.get(person.userId);
    if (same(before, person)) return;
    this.#all.set(person.userId, person);
    for (const listener of [...this.#listeners]) listener();
  }
}

function same(a: Person, b: Person): boolean {
  return (
    a.userName === b.userName && a.status === b.status && a.custom === b.custom && a.lastSeen === b.lastSeen
  );
}

/** How a user is called. */
export function nameOf(person: Person): string {
  return person.userName || person.userId;
}
