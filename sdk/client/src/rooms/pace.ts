import { ParleyError } from "../error";

/** No more than `most` in any one second. */
export class Pace {
  readonly #most: number;
  readonly #now: () => number;
  readonly #times: number[] = [];

  constructor(most: number, now = () => performance.now() /* Date.now may be set back */) {
    this.#most = most;
    this.#now = now;
  }

  /** Takes one more; the error of one that is too many. */
  take(): ParleyError | undefined {
    if (this.#most === 0) return undefined;
    const now = this.#now();
    while (this.#times[0] !== undefined && this.#times[0] <= now - 1000) this.#times.shift();
    const oldest = this.#times[0];
    if (oldest === undefined || this.#times.length < this.#most) {
      this.#times.push(now);
      return undefined;
    }
    const retryAfter = Math.ceil(oldest + 1000 - now);
    return new ParleyError(
      "rate_limited",
      `more than ${this.#most} messages a second: wait ${retryAfter} ms`,
      { retry: true, retryAfter },
    );
  }
}
