/** Where drafts are kept: a browser's localStorage. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** What a user was writing, by the place where it was to be sent: it outlives the page. */
export class Drafts {
  readonly #storage: DraftStorage | undefined;
  readonly #userId: string;

  constructor(storage: DraftStorage | undefined, userId: string) {
    this.#storage = storage;
    this.#userId = userId;
  }

  /** "" where there is none, or nobody knows yet whose it would be. */
  get(place: string): string {
    if (this.#userId === "") return "";
    try {
      return this.#storage?.getItem(this.#key(place)) ?? "";
    } catch {
      return "";
    }
  }

  /** Keeps it as far as the browser lets us: one without room, or without storage, keeps nothing. */
  set(place: string, text: string): void {
    if (this.#userId === "") return;
    try {
      if (text === "") this.#storage?.removeItem(this.#key(place));
      else this.#storage?.setItem(this.#key(place), text);
    } catch {
      // It is still in the composer.
    }
  }

  #key(place: string): string {
    return `parley draft ${JSON.stringify([this.#userId, place])}`;
  }
}

/** The browser's own storage, where there is one that may be used. */
export function browserStorage(): DraftStorage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
