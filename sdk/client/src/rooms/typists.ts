import { after } from "../clock";
import type { TypingIndicator } from "./events";

/**
 * The server says when typing ends, 3 s after its last sign. That word is the
 * first to be dropped for a slow reader: without another sign for so long, it
 * has ended.
 */
const atMost = 5000;

/** Who types in a room. */
export class Typists {
  readonly #ended: (who: TypingIndicator) => void;
  readonly #all = new Map<string, { who: TypingIndicator; cancel: () => void }>();

  constructor(ended: (who: TypingIndicator) => void) {
    this.#ended = ended;
  }

  get ids(): string[] {
    return [...this.#all.keys()];
  }

  sign(who: TypingIndicator): void {
    this.#all.get(who.userId)?.cancel();
    this.#all.set(who.userId, { who, cancel: after(atMost, () => this.end(who.userId)) });
  }

  /** Harmless for who does not type. */
  end(userId: string): void {
    const typist = this.#all.get(userId);
    if (!typist) return;
    typist.cancel();
    this.#all.delete(userId);
    this.#ended(typist.who);
  }

  /** Only these still type. */
  keep(userIds: ReadonlySet<string>): void {
    for (const userId of this.ids) if (!userIds.has(userId)) this.end(userId);
  }
}
