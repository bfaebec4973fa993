/**
 * Pauses before attempts: at random between 0 and min(cap, base · 2ⁿ), which
 * spreads clients that lost their connections at the same time ("full jitter").
 */
export class Backoff {
  readonly #base: number;
  readonly #cap: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(base: number, cap: number, random: () => number) {
    this.#base = base;
    this.#cap = cap;
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const most = Math.min(this.#cap, this.#base * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return this.#random() * most;
  }

  /** A connection has lasted: the next pause is short again. */
  reset(): void {
    this.#attempts = 0;
  }
}
