/** Listeners by name. Who listens is told in the order of listening. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Calls `listener` for each event of this name until the function that it returns is called. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    let all = this.#listeners.get(name);
    if (!all) {
      all = new Set();
      this.#listeners.set(name, all);
    }
    // Its own function each time: one who listens twice is told twice, and stops once.
    const mine = (event: Events[Name]) => listener(event);
    all.add(mine as (event: never) => void);
    return () => {
      all.delete(mine as (event: never) => void);
    };
  }

  /** A listener that throws does not keep the others from being told. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** How many listen to this name. */
  count(name: keyof Events): number {
    return this.#listeners.get(name)?.size ?? 0;
  }
}
