import { type Frame, parsePosition } from "./frame";
import type { Page } from "./history";

type Logged = Frame & { channelId: string; seq: number };

export interface SeamOptions {
  /** Tells of an event that was held back. */
  tell(event: Logged): void;
  /** Everything up to this seq was told of. */
  place(): number | undefined;
  after(milliseconds: number, callback: () => void): () => void;
}

/** Events are held back so long at most: then there is a seam. */
const atMost = 5000;

/**
 * Between the last page of a channel and the events that come beside it. What
 * the page holds is told of, then the page is given, and then the rest is told
 * of: so whoever shows the page and adds what comes shows each message once.
 */
export class Seam {
  readonly #options: SeamOptions;
  #held: Logged[] | undefined; // while a page is on its way
  #head = 0; // of the page; 0: it is not there
  #reached = () => {};
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SeamOptions) {
    this.#options = options;
  }

  /** One page after the other. */
  page(ask: () => Promise<Page>): Promise<Page> {
    const page = this.#turn.then(() => this.#between(ask));
    // The rest is told of when who asked has the page.
    const over = () => new Promise<void>((done) => this.#options.after(0, done));
    this.#turn = page
      .catch(() => {})
      .then(over)
      .then(() => this.#release());
    return page;
  }

  /** Takes an event if it is to be told of later. */
  holds(event: Logged): boolean {
    if (!this.#held || event.seq <= this.#head) return false;
    this.#held.push(event);
    return true;
  }

  /** An event was told of. */
  told(): void {
    if ((this.#options.place() ?? this.#head) >= this.#head) this.#reached();
  }

  async #between(ask: () => Promise<Page>): Promise<Page> {
    this.#held = [];
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    const stop = this.#options.after(atMost, () => this.#release());
    try {
      const page = await ask();
      if (this.#held) {
        // What was posted while it was read may be in it, too.
        this.#head = Math.max(parsePosition(page.head)?.seq ?? 0, page.at(-1)?.seq ?? 0);
        for (const event of this.#held.splice(0)) this.#options.tell(event); // some are held again
        this.told();
        await reached;
      }
      return page;
    } finally {
      stop();
    }
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#head = 0;
    this.#reached();
    for (const event of held) this.#options.tell(event);
  }
}
