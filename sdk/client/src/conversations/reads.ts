import { after } from "../clock";
import { ParleyError } from "../error";

/** Before a receipt that did not get through is sent again, unless the server says how long. */
const patience = 5000;

export interface PendingReadsOptions {
  send(messageId: string): Promise<unknown>;
  /** It will never be taken. */
  refused(error: ParleyError): void;
}

/** Read receipts on their way; each is sent until the server has it. */
export class PendingReads {
  readonly #options: PendingReadsOptions;
  readonly #pending = new Map<string, (() => void) | undefined>(); // with what ends the pause

  constructor(options: PendingReadsOptions) {
    this.#options = options;
  }

  add(messageId: string): void {
    if (!this.#pending.has(messageId)) void this.#send(messageId);
  }

  close(): void {
    for (const stop of this.#pending.values()) stop?.();
    this.#pending.clear();
  }

  async #send(messageId: string): Promise<void> {
    this.#pending.set(messageId, undefined);
    try {
      await this.#options.send(messageId);
      this.#pending.delete(messageId);
    } catch (error) {
      if (!this.#pending.has(messageId)) return; // closed
      if (error instanceof ParleyError && error.retry) {
        const stop = after(error.retryAfter ?? patience, () => void this.#send(messageId));
        this.#pending.set(messageId, stop);
        return;
      }
      this.#pending.delete(messageId);
      if (error instanceof ParleyError) this.#options.refused(error);
    }
  }
}
