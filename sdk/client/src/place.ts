import { formatPosition, type Position } from "./frame";

/**
 * What is to be done with an event: `next` is to be shown, `old` was, before
 * `gap` something is missing, and `early` is to be shown although something is.
 */
export type Verdict = "next" | "old" | "gap" | "early";

/**
 * How far the client has come in one channel's log. It lets every event through
 * once and in order, whatever is repeated, and notices where one is missing.
 */
export class Place {
  readonly #loose: boolean;
  #at: Position | undefined;
  readonly #early = new Set<number>(); // shown before something that was missing

  /** With `loose` an event is let through as it comes, whatever is missing before it: once, but in any order. */
  constructor(from?: Position, loose = false) {
    this.#loose = loose;
    this.#at = from;
  }

  /** The position to subscribe from; undefined: from now on. */
  get position(): string | undefined {
    return this.#at && formatPosition(this.#at);
  }

  get seq(): number | undefined {
    return this.#at?.seq;
  }

  /**
   * Takes where a subscription begins. What was let through before stays so: a
   * subscription begun anew from an earlier place of the same log repeats.
   */
  begin(from: Position): void {
    if (this.#at?.epoch !== from.epoch) this.restart(from);
    else if (from.seq > this.#at.seq) this.#at = from;
  }

  /** Forgets everything, and goes on from a place that the server named. */
  restart(from: Position): void {
    this.#at = from;
    this.#early.clear();
  }

  take(seq: number): Verdict {
    if (!this.#at || seq <= this.#at.seq || this.#early.has(seq)) return "old";
    if (seq !== this.#at.seq + 1) {
      if (!this.#loose) return "gap";
      this.#early.add(seq);
      return "early";
    }
    let upTo = seq;
    while (this.#early.delete(upTo + 1)) upTo++;
    this.#at = { epoch: this.#at.epoch, seq: upTo };
    return "next";
  }
}
