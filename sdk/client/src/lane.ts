import type { Entry } from "./outbox";

/** The drafts of one channel, in their order. */
export class Lane {
  entries: Entry[] = [];
  #resting: (() => void) | undefined; // refused for now

  constructor(readonly channelId: string) {}

  /** A frame of it has no answer. */
  get underway(): boolean {
    return this.entries.some((e) => e.ref !== "");
  }

  /** What is first may be sent now. */
  get free(): boolean {
    return this.entries[0]?.ready === true && !this.#resting && !this.underway;
  }

  /** Sends nothing until the callback of `after` is called. */
  pause(after: (then: () => void) => () => void, then: () => void): void {
    this.stop();
    this.#resting = after(() => {
      this.#resting = undefined;
      then();
    });
  }

  stop(): void {
    this.#resting?.();
    this.#resting = undefined;
  }
}
