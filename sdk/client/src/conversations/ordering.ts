/** Numbers of messages, both inclusive. */
export interface SequenceRange {
  from: number;
  to: number;
}

/**
 * Messages in the order of their numbers, whatever the order in which they come.
 * One that is ahead of a hole is held until the hole is filled.
 */
export class MessageOrdering<M extends { sequence: number }> {
  readonly #messages: M[] = [];
  readonly #pending = new Map<number, M>();
  #next: number;

  /** `first` is the number of the first message that is wanted. */
  constructor(first = 0) {
    this.#next = first;
  }

  /** Takes a message; one whose number was taken before is passed over. */
  addMessage(message: M): void {
    if (message.sequence < this.#next) return;
    this.#pending.set(message.sequence, message);
    this.#drain();
  }

  /** All up to the first hole, in order. */
  getMessages(): M[] {
    return [...this.#messages];
  }

  hasMissingMessages(): boolean {
    return this.#pending.size > 0;
  }

  /** The first hole; null: there is none. */
  requestMissingMessages(): SequenceRange | null {
    if (this.#pending.size === 0) return null;
    let first = Number.POSITIVE_INFINITY;
    for (const sequence of this.#pending.keys()) first = Math.min(first, sequence);
    return { from: this.#next, to: first - 1 };
  }

  /** What is no longer kept is waited for no more. */
  skipMissingMessages(gap: SequenceRange): void {
    if (gap.from > this.#next || gap.to < this.#next) return;
    this.#next = gap.to + 1;
    this.#drain();
  }

  #drain(): void {
    for (let message = this.#pending.get(this.#next); message; message = this.#pending.get(this.#next)) {
      this.#messages.push(message);
      this.#pending.delete(this.#next);
      this.#next++;
    }
  }
}
