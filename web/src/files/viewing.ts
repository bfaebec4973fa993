import type { Client, Message } from "@parley/client";

/** Which image is looked at, if any: above everything else, so that it stays when its message scrolls away. */
export class Viewing {
  static readonly #all = new WeakMap<Client, Viewing>();
  readonly #listeners = new Set<() => void>();
  #message: Message | undefined;

  /** The client's own. */
  static of(client: Client): Viewing {
    const viewing = Viewing.#all.get(client) ?? new Viewing();
    Viewing.#all.set(client, viewing);
    return viewing;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    this.#listeners.add(mine);
    return () => {
      this.#listeners.delete(mine);
    };
  };

  readonly snapshot = (): Message | undefined => this.#message;

  /** Shows the image that a message shares. */
  open(message: Message): void {
    this.#show(message);
  }

  close(): void {
    this.#show(undefined);
  }

  #show(message: Message | undefined): void {
    this.#message = message;
    for (const listener of [...this.#listeners]) listener();
  }
}
