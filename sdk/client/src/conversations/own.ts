import type { ConversationMessage } from "./message";

/** How many of one's own messages are known by their temporary ids. */
const most = 10_000;

/** One's own messages, by the nonce under which they were sent. */
export class OwnMessages {
  readonly #byNonce = new Map<string, ConversationMessage>();

  get(nonce: string | undefined): ConversationMessage | undefined {
    return nonce === undefined ? undefined : this.#byNonce.get(nonce);
  }

  set(nonce: string, message: ConversationMessage): void {
    this.#byNonce.set(nonce, message);
    if (this.#byNonce.size <= most) return;
    const oldest = this.#byNonce.keys().next();
    if (!oldest.done) this.#byNonce.delete(oldest.value);
  }
}
