/** Milliseconds over which a speed is measured. */
const window = 4000;

/** How fast a count grows, over the last seconds. */
export class Speed {
  #marks: { at: number; count: number }[] = [];

  /** The count is this at that time, in milliseconds. One that went back begins anew. */
  mark(at: number, count: number): void {
    const last = this.#marks.at(-1);
    if (last && count < last.count) this.#marks = [];
    this.#marks.push({ at, count });
    const old = this.#marks.findLastIndex((mark) => mark.at <= at - window);
    if (old > 0) this.#marks.splice(0, old);
  }

  reset(): void {
    this.#marks = [];
  }

  /** A second; undefined: it is too early to say. */
  get perSecond(): number | undefined {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last || last.at - first.at < 400) return undefined;
    return ((last.count - first.count) * 1000) / (last.at - first.at);
  }
}
