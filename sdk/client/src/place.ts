import { formatPosition, type Position } from "./frame";

/** What is to be done with an event: `next` is to be shown, `old` was, before `gap` something is missing. */
export type Verdict = "next" | "old" | "gap";

/**
 * How far the client has come in one channel's log. It lets every event through
 * once and in order, whatever is repeated, and notices where one is missing.
 */
export class Place {
  private at: Position | undefined;

  constructor(from?: Position) {
    this.at = from;
  }

  /** The position to subscribe from; undefined: from now on. */
  get position(): string | undefined {
    return this.at && formatPosition(this.at);
  }

  get seq(): number | undefined {
    return this.at?.seq;
  }

  /**
   * Takes where a subscription begins. What was let through before stays so: a
   * subscription begun anew from an earlier place of the same log repeats.
   */
  begin(from: Position): void {
    if (this.at && this.at.epoch === from.epoch && from.seq <= this.at.seq) return;
    this.at = from;
  }

  /** Forgets everything, and goes on from a place that the server named. */
  restart(from: Position): void {
    this.at = from;
  }

  take(seq: number): Verdict {
    if (!this.at || seq <= this.at.seq) return "old";
    if (seq !== this.at.seq + 1) return "gap";
    this.at = { epoch: this.at.epoch, seq };
    return "next";
  }
}
