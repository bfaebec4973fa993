/**
 * Something outside of React that components look at. It runs from the first
 * subscriber on and ends a moment after the last, so that a component that React
 * takes down and puts up again at once – in StrictMode each – ends nothing.
 */
export abstract class Store {
  readonly #listeners = new Set<() => void>();
  #ending: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    this.#listeners.add(mine);
    clearTimeout(this.#ending);
    if (!this.#running) {
      this.#running = true;
      this.start();
    }
    return () => {
      if (!this.#listeners.delete(mine) || this.#listeners.size > 0) return;
      this.#ending = setTimeout(() => {
        this.#running = false;
        this.stop();
      }, 0);
    };
  };

  /** Somebody looks at it now. */
  protected get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  protected abstract start(): void;

  /** Ends what start began, and forgets what was found out. */
  protected abstract stop(): void;

  protected changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Keeps what was made for a key, for as long as it lives itself. */
export class Kept<Value> {
  readonly #all = new Map<string, Value>();
  readonly #make: (key: string) => Value;

  constructor(make: (key: string) => Value) {
    this.#make = make;
  }

  get(key: string): Value {
    let value = this.#all.get(key);
    if (value === undefined) {
      value = this.#make(key);
      this.#all.set(key, value);
    }
    return value;
  }
}
