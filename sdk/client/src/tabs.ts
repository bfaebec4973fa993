import type { Keep } from "./keep";
import type { Draft, End } from "./outbox";

/** What a tab is told by the others, and by who gives out the turns. */
export interface TabsListener {
  granted(): void;
  /** The turn was taken away. */
  lost(): void;
  /** Another tab added drafts. */
  changed(): void;
  /** Another tab tells how a draft ended. */
  concluded(draft: Draft, end: End): void;
}

/** What all tabs have written down, and whose turn it is to send it. */
export interface Turns {
  /** Writes a draft down, behind those that are there. A rejection with the code `queue_full` refuses it. */
  add(draft: Draft): Promise<void>;
  /** Takes a draft off, and tells the other tabs how it ended. */
  remove(draft: Draft, end: End): void;
  /** Every draft, in the order in which they were added; undefined: others are not looked after. */
  all(): Promise<Draft[] | undefined>;
  /** Stands in line for the right to send, which `granted` tells of, until `rest`. */
  ask(): void;
  rest(): void;
  close(): void;
}

/** The part of a BroadcastChannel that is used. */
export interface Board {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export interface TabsOptions {
  /** Names the queue: drafts of one are never seen in another. */
  queue: string;
  keep: Keep;
  /** Without either, there are no other tabs: a client takes what was left, and then sees to its own alone. */
  locks?: Pick<LockManager, "request"> | undefined;
  board?: Board | undefined;
  after(milliseconds: number, callback: () => void): () => void;
  listener: TabsListener;
}

type Told = { is: "added" } | { is: "ended"; draft: Draft; end: End } | { is: "who" } | { is: "here" };

/**
 * Who has waited for so long asks who has the turn; and takes it, if for as long
 * nobody answers. A keep has twice the time.
 */
const patience = 5000;

/**
 * The tabs of one user. A lock says whose turn it is to send: a tab that closes
 * or crashes loses it by itself. The board carries hints and results; what is
 * missed there is found in the keep.
 */
export class Tabs implements Turns {
  #line: AbortController | undefined; // where we stand, or stood until it was our turn
  #release: (() => void) | undefined; // ends our turn
  #resting = false;
  #swept = false;
  #unanswered: (() => void) | undefined;
  readonly #writes = new Set<Promise<unknown>>();
  readonly #options: TabsOptions;

  constructor(options: TabsOptions) {
    this.#options = options;
    const { board } = options;
    if (board && options.locks) board.onmessage = (event) => this.#heard(event.data);
  }

  add(draft: Draft): Promise<void> {
    const { keep, queue } = this.#options;
    return this.#write(async () => {
      await keep.add({ queue, ...draft });
      this.#tell({ is: "added" });
    });
  }

  remove(draft: Draft, end: End): void {
    const { keep, queue } = this.#options;
    const told: End = "ack" in end ? end : { error: { code: end.error.code, message: end.error.message } };
    this.#write(async () => keep.remove({ queue, ...draft }))
      .catch(() => {}) // it is sent once more then, and is known
      .then(() => this.#tell({ is: "ended", draft, end: told }));
  }

  async all(): Promise<Draft[] | undefined> {
    const { keep, queue, locks, board } = this.#options;
    if (this.#swept && !(locks && board)) return undefined;
    this.#swept = true;
    await Promise.all(this.#writes);
    const drafts = await this.#inTime(async () => keep.all(queue));
    return drafts.map(({ nonce, channelId, frame }) => ({ nonce, channelId, frame }));
  }

  ask(): void {
    this.#resting = false;
    const { locks, board } = this.#options;
    if (this.#release || !locks || !board) {
      queueMicrotask(() => {
        if (!this.#resting) this.#options.listener.granted();
      });
    } else if (!this.#line) {
      this.#stand(locks, false);
    }
  }

  rest(): void {
    this.#resting = true;
    if (this.#release) {
      // Whoever comes next is not to find what we have just sent.
      void Promise.all(this.#writes).then(() => {
        if (this.#resting) this.#leave();
      });
    } else {
      this.#leave();
    }
  }

  close(): void {
    this.rest();
    const { board, keep } = this.#options;
    if (board) board.onmessage = null;
    void Promise.all(this.#writes).then(() => {
      board?.close();
      keep.close?.();
    });
  }

  #stand(locks: Pick<LockManager, "request">, steal: boolean): void {
    const line = new AbortController();
    this.#line = line;
    const options = steal ? { steal } : { signal: line.signal };
    locks
      .request(`parley ${this.#options.queue}`, options, () => {
        if (this.#line !== line) return undefined;
        this.#unanswered?.();
        return new Promise<void>((release) => {
          this.#release = release;
          this.#options.listener.granted();
        });
      })
      .catch(() => this.#lost(line));
    if (!steal) this.#challenge();
  }

  /** We left, or our turn was taken away, or there is no lock to be had. */
  #lost(line: AbortController): void {
    if (this.#line !== line) return;
    if (!this.#release) this.#options.locks = undefined;
    this.#line = this.#release = undefined;
    this.#unanswered?.();
    this.#options.listener.lost();
  }

  #leave(): void {
    const [line, release] = [this.#line, this.#release];
    this.#line = this.#release = undefined;
    this.#unanswered?.();
    if (release) release();
    else line?.abort();
  }

  /** Asks whoever has the turn to show itself: a tab may be frozen with it. */
  #challenge(): void {
    const { after, locks } = this.#options;
    this.#unanswered?.();
    this.#unanswered = after(patience, () => {
      this.#tell({ is: "who" });
      this.#unanswered = after(patience, () => {
        this.#line?.abort();
        if (locks) this.#stand(locks, true);
      });
    });
  }

  #heard(told: Told): void {
    switch (told.is) {
      case "added":
        this.#options.listener.changed();
        return;
      case "ended":
        this.#options.listener.concluded(told.draft, told.end);
        return;
      case "who":
        if (this.#release) this.#tell({ is: "here" });
        return;
      case "here":
        if (this.#line && !this.#release) this.#challenge();
    }
  }

  /** Begins a write, and remembers it until it is over, however that may be. */
  #write(work: () => Promise<void>): Promise<void> {
    const done = this.#inTime(work);
    const over = done
      .catch(() => {})
      .finally(() => {
        this.#writes.delete(over);
      });
    this.#writes.add(over);
    return done;
  }

  #inTime<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.#options.after(patience * 2, () => reject(new Error("there is no answer")));
      work().then(resolve, reject).finally(stop);
    });
  }

  #tell(told: Told): void {
    try {
      this.#options.board?.postMessage(told);
    } catch {
      // It was closed, or what was told cannot be cloned: the others find it in the keep.
    }
  }
}
