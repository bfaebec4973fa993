import type { Draft, End, Entry, Outbox, Shelf } from "./outbox";
import type { TabsListener, Turns } from "./tabs";

/**
 * One outbox among those of a user's tabs. A draft is written down before it is
 * sent, and the tabs take turns. That two of them send the same is harmless: each
 * sends a channel's next draft only when the one before is stored, and the nonce
 * makes one of two.
 */
export class Sharing implements Shelf, TabsListener {
  turn = false;
  readonly #tabs: Turns;
  #isConnected = false;
  #asked = false;
  #memory = false; // no more can be written down
  #stale = true; // others may have added or taken something
  #reading: Promise<void> | undefined;
  #gone: Set<string> | undefined; // nonces that ended while reading
  #closed = false;
  readonly #outbox: Outbox;
  readonly #unkept: (why: unknown) => void;

  constructor(
    outbox: Outbox,
    tabs: (listener: TabsListener) => Turns,
    /** Drafts can no longer be written down, and wait in memory alone. */
    unkept: (why: unknown) => void,
  ) {
    this.#outbox = outbox;
    this.#unkept = unkept;
    this.#tabs = tabs(this);
    void this.#read();
  }

  /** Shared state is not written down: an old value is not to be set days later. */
  keep(entry: Entry): void {
    this.#ask();
    if (this.#memory || entry.frame.type.startsWith("state.")) {
      this.#outbox.ready(entry);
      return;
    }
    entry.kept = true;
    this.#tabs.add(plain(entry)).then(
      () => this.#outbox.ready(entry),
      (error) => {
        if (error?.code === "queue_full") this.#refuse(entry, error);
        else this.#forgo(error);
        this.#outbox.ready(entry);
      },
    );
  }

  ended(entry: Entry, end: End): void {
    this.#gone?.add(entry.nonce);
    if (entry.kept) this.#tabs.remove(plain(entry), end);
    if (this.#outbox.length === 0) this.#rest();
  }

  connected(is: boolean): void {
    this.#isConnected = is;
    if (!is) {
      this.#rest();
      return;
    }
    this.#stale = true;
    this.#ask();
    void this.#read();
  }

  close(): void {
    this.#rest();
    this.#closed = true;
    this.#tabs.close();
  }

  /** It is our turn among the tabs. */
  async granted(): Promise<void> {
    this.#stale ||= this.#outbox.drafts().some((e) => !e.owner);
    while (this.#stale && this.#asked) await this.#read();
    if (!this.#asked) return;
    this.turn = true;
    this.#outbox.advance();
    if (this.#outbox.length === 0) this.#rest();
  }

  /** Another tab has taken our turn, for it thought that we are no more. */
  lost(): void {
    this.#rest();
    this.#ask();
  }

  /** Another tab has added drafts. */
  changed(): void {
    this.#stale = true;
    void this.#read();
  }

  /** Another tab tells how a draft ended. */
  concluded(draft: Draft, end: End): void {
    this.#gone?.add(draft.nonce);
    const lane = this.#outbox.lanes.get(draft.channelId);
    const entry = lane?.entries.find((e) => e.nonce === draft.nonce);
    if (!lane || !entry) {
      this.#outbox.options.told?.(draft, end);
      return;
    }
    entry.kept = false; // it was taken off
    this.#outbox.end(entry, end);
    this.#outbox.advance(lane);
  }

  /** The drafts of all tabs together are too many. */
  #refuse(entry: Entry, error: { message: string }): void {
    entry.kept = false;
    this.#outbox.end(entry, { error: { code: "queue_full", message: error.message } });
  }

  /** Goes on in memory: what cannot be written down is sent all the same. */
  #forgo(why: unknown): void {
    if (this.#memory || this.#closed) return;
    this.#memory = true;
    this.#unkept(why);
  }

  /** Reads what all tabs have, again if something changed meanwhile. */
  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    while (!this.#closed && this.#stale) {
      this.#stale = false;
      const gone = new Set<string>();
      this.#gone = gone;
      try {
        const drafts = await this.#tabs.all();
        if (drafts && !this.#closed) this.#merge(drafts.filter((d) => !gone.has(d.nonce)));
      } catch (error) {
        this.#forgo(error);
      }
    }
    this.#gone = undefined;
    if (this.#outbox.length > 0) this.#ask();
    else this.#rest();
  }

  #merge(drafts: Draft[]): void {
    for (const { channelId } of drafts) this.#outbox.lane(channelId);
    for (const [channelId, lane] of this.#outbox.lanes) {
      const fresh: Entry[] = [];
      lane.entries = merged(
        lane.entries,
        drafts.filter((d) => d.channelId === channelId),
        fresh,
      );
      for (const entry of fresh) this.#outbox.options.told?.(entry);
      this.#outbox.tidy(lane);
    }
    this.#outbox.advance();
  }

  #ask(): void {
    if (this.turn || this.#asked || this.#closed || !this.#isConnected || this.#outbox.length === 0) return;
    this.#asked = true;
    this.#tabs.ask();
  }

  #rest(): void {
    this.turn = this.#asked = false;
    if (!this.#closed) this.#tabs.rest();
  }
}

/**
 * What is here and what all tabs have written down, in its order; what is not
 * among it, and is nobody's here, is no more. Ours that are not written down (yet)
 * stay in our own order, behind as much of the rest as that allows. `fresh` gets
 * those that were not here.
 */
function merged(entries: Entry[], drafts: Draft[], fresh: Entry[]): Entry[] {
  const place = new Map(drafts.map((draft, i) => [draft.nonce, i]));
  const here = new Set(entries.map((e) => e.nonce));
  const all: Entry[] = [];
  let loose: Entry[] = [];
  let taken = 0;
  const take = (end: number) => {
    for (const draft of drafts.slice(taken, end)) {
      if (here.has(draft.nonce)) continue;
      const entry = { ...draft, ready: true, kept: true, ref: "" };
      all.push(entry);
      fresh.push(entry);
    }
    taken = Math.max(taken, end);
  };
  for (const entry of entries) {
    const at = place.get(entry.nonce);
    if (at === undefined) {
      if (entry.owner || entry.ref !== "") loose.push(entry);
      continue;
    }
    take(at);
    all.push(...loose, entry);
    loose = [];
  }
  take(drafts.length);
  return [...all, ...loose];
}

function plain({ nonce, channelId, frame }: Draft): Draft {
  return { nonce, channelId, frame };
}
