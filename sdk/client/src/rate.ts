import { ParleyError } from "./error";

/** How much may be sent: so much a second, and twice as much at once after a rest. */
export class Rate {
  readonly #most: number;
  readonly #now: () => number;
  #left: number;
  #at: number;

  /** `most` a second; 0: without a limit. */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
    this.#left = 2 * most;
    this.#at = now();
  }

  /** Counts one more, or throws `rate_limited` with the time after which there is room for it. */
  take(): void {
    if (this.#most === 0) return;
    const now = this.#now();
    const rested = (Math.max(0, now - this.#at) / 1000) * this.#most;
    this.#left = Math.min(2 * this.#most, this.#left + rested);
    this.#at = now;
    if (this.#left >= 1) {
      this.#left--;
      return;
    }
    throw new ParleyError("rate_limited", `more than ${this.#most} messages a second`, {
      retry: true,
      retryAfter: Math.ceil(((1 - this.#left) / this.#most) * 1000),
    });
  }
}
