import type { Frame } from "./frame";
import type { Lane } from "./lane";
import type { Batcher, Entry } from "./outbox";

/** So many characters of JSON are at most a megabyte, which is what a frame may have. */
const largest = 300_000;

/** Puts several messages of a channel into one frame: at most `most`, or those of `within` milliseconds. */
export class Batches implements Batcher {
  readonly #gathering = new Map<Lane, () => void>(); // more may come
  readonly #alone = new WeakSet<Entry>();
  readonly #options: { most: number; within: number };
  readonly #after: (milliseconds: number, callback: () => void) => () => void;

  constructor(
    options: { most: number; within: number },
    after: (milliseconds: number, callback: () => void) => () => void,
  ) {
    this.#options = options;
    this.#after = after;
  }

  gather(lane: Lane, then: () => void): void {
    if (this.#gathering.has(lane) || lane.underway) return;
    const stop = this.#after(this.#options.within, () => {
      this.#gathering.delete(lane);
      then();
    });
    this.#gathering.set(lane, stop);
  }

  next(lane: Lane): Entry[] {
    const entries = this.#together(lane);
    if (this.#gathering.has(lane) && entries.length < this.#options.most) return [];
    this.stop(lane);
    return entries;
  }

  frame(channelId: string, entries: Entry[]): Frame {
    const messages = entries.map(({ frame: { type, channelId, ...message } }) => message);
    return { type: "publish", channelId, messages };
  }

  single(entries: Entry[]): void {
    for (const entry of entries) this.#alone.add(entry);
  }

  stop(lane: Lane): void {
    this.#gathering.get(lane)?.();
    this.#gathering.delete(lane);
  }

  /** The first drafts that may go in one frame. */
  #together(lane: Lane): Entry[] {
    let size = 0;
    let n = 0;
    for (const entry of lane.entries.slice(0, this.#options.most)) {
      const apart = entry.frame.type !== "publish" || this.#alone.has(entry);
      size += JSON.stringify(entry.frame).length;
      if (!entry.ready || (n > 0 && (apart || size > largest))) break;
      n++;
      if (apart) break;
    }
    return lane.entries.slice(0, n);
  }
}
