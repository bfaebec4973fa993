import type { Client } from "@parley/client";

/** What is to be marked as read; messages on their way have no id and no seq, and are passed over. */
export interface Readable {
  readonly id?: string | undefined;
  readonly seq?: number | undefined;
}

/** The cursor is moved at most so often. */
const markEvery = 250;

/** Half of it, or half of what can be seen, is enough. */
const enough = 0.5;
const steps = Array.from({ length: 11 }, (_, i) => i / 10);

/**
 * Moves the user's read cursor to what was seen: the message farthest down that is
 * at least half in view, while the page is shown at all.
 */
export class ReadMarker {
  readonly #elements = new Map<Element, Readable>();
  readonly #inView = new Set<Element>();
  readonly #refs = new WeakMap<Readable, (element: Element | null) => (() => void) | undefined>();
  #observer: IntersectionObserver | undefined;
  #wanted: { id: string; seq: number } | undefined;
  #marked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: (() => void) | undefined;
  readonly #client: Client;
  readonly #channelId: string;
  readonly #readAt: () => number;

  /** `readAt` is how far the cursor is as far as is known. */
  constructor(client: Client, channelId: string, readAt: () => number) {
    this.#client = client;
    this.#channelId = channelId;
    this.#readAt = readAt;
  }

  /** A ref for the element of a message; the same one for the same object. */
  readonly seen = (message: Readable): ((element: Element | null) => (() => void) | undefined) => {
    let ref = this.#refs.get(message);
    if (!ref) {
      ref = (element) => (element ? this.#watch(element, message) : undefined);
      this.#refs.set(message, ref);
    }
    return ref;
  };

  /** Marks everything up to a message as read. */
  readonly mark = ({ id, seq }: Readable): void => {
    if (id === undefined || seq === undefined || seq <= Math.max(this.#marked, this.#readAt())) return;
    if (this.#wanted && seq <= this.#wanted.seq) return;
    this.#wanted = { id, seq };
    this.#timer ??= setTimeout(() => this.#flush(), markEvery);
  };

  #watch(element: Element, message: Readable): (() => void) | undefined {
    if (typeof IntersectionObserver === "undefined") return undefined;
    if (!this.#observer) {
      this.#observer = new IntersectionObserver((entries) => this.#moved(entries), { threshold: steps });
      document.addEventListener("visibilitychange", this.#look);
    }
    this.#elements.set(element, message);
    this.#observer.observe(element);
    return () => this.#unwatch(element);
  }

  #unwatch(element: Element): void {
    this.#elements.delete(element);
    this.#inView.delete(element);
    this.#observer?.unobserve(element);
    if (this.#elements.size > 0) return;
    this.#observer?.disconnect();
    this.#observer = undefined;
    document.removeEventListener("visibilitychange", this.#look);
    if (this.#timer !== undefined) this.#flush();
  }

  #moved(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting, intersectionRatio, intersectionRect, rootBounds } of entries) {
      const tall = rootBounds !== null && intersectionRect.height >= rootBounds.height * enough;
      if (isIntersecting && (intersectionRatio >= enough || tall)) this.#inView.add(target);
      else this.#inView.delete(target);
    }
    this.#look();
  }

  readonly #look = (): void => {
    if (document.visibilityState !== "visible") return;
    for (const element of this.#inView) {
      const message = this.#elements.get(element);
      if (message) this.mark(message);
    }
  };

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const wanted = this.#wanted;
    if (!wanted) return;
    this.#wanted = undefined;
    const before = this.#marked;
    this.#marked = wanted.seq;
    this.#client.ackRead(this.#channelId, wanted.id).then(
      () => this.#stopWaiting?.(),
      (error) => {
        if (this.#marked === wanted.seq) this.#marked = before;
        if (error.retry) this.#later(wanted);
      },
    );
  }

  /** Tries once more with the next connection. */
  #later(wanted: { id: string; seq: number }): void {
    this.#stopWaiting?.();
    const stop = this.#client.on("ready", () => {
      this.#stopWaiting?.();
      this.mark(wanted);
    });
    this.#stopWaiting = () => {
      this.#stopWaiting = undefined;
      stop();
    };
  }
}
