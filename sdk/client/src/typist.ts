import { after } from "./clock";

/** Typing ends so long after its last sign, as it does on the server. */
const lasts = 3000;

/** That typing goes on is said at most so often. */
const again = 1000;

export interface TypistOptions {
  tell(typing: boolean): void;
  after?(milliseconds: number, callback: () => void): () => void;
  now?(): number;
}

/** Says that its user types, for each key that is pressed, and by itself that they no longer do. */
export class Typist {
  readonly #options: TypistOptions;
  #told: number | undefined; // when it was last said that they type; undefined: they do not
  #cancel: (() => void) | undefined;

  constructor(options: TypistOptions) {
    this.#options = options;
  }

  start(): void {
    const now = (this.#options.now ?? Date.now)();
    this.#cancel?.();
    this.#cancel = (this.#options.after ?? after)(lasts, () => this.stop());
    if (this.#told !== undefined && now - this.#told < again) return;
    this.#told = now;
    this.#options.tell(true);
  }

  /** Harmless where nobody types. */
  stop(): void {
    if (this.forget()) this.#options.tell(false);
  }

  /** Ends it without a word; false: nobody typed. */
  forget(): boolean {
    this.#cancel?.();
    this.#cancel = undefined;
    const typed = this.#told !== undefined;
    this.#told = undefined;
    return typed;
  }
}
