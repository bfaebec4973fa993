import type { Frame } from "./frame";
import type { Entry } from "./outbox";

/** So many characters of JSON are at most a megabyte, which is what a frame may have. */
const largest = 300_000;

/** The drafts of one channel, in their order. */
export class Lane {
  entries: Entry[] = [];
  private resting: (() => void) | undefined; // refused for now
  private gathering: (() => void) | undefined; // more may come
  private alone = new Set<Entry>();

  constructor(
    readonly channelId: string,
    private readonly batch: { most: number; within: number } | undefined,
    private readonly after: (milliseconds: number, callback: () => void) => () => void,
  ) {}

  /** What is to be sent now, and in which frame. */
  next(): { frame: Frame; entries: Entry[] } | undefined {
    const first = this.entries[0];
    if (!first?.ready || this.resting || this.entries.some((e) => e.ref !== "")) return undefined;
    const entries = this.together();
    if (this.gathering && entries.length < (this.batch?.most ?? 1)) return undefined;
    this.gathering?.();
    this.gathering = undefined;
    if (entries.length < 2) return { frame: first.frame, entries: [first] };
    const messages = entries.map(({ frame: { type, channelId, ...message } }) => message);
    return { frame: { type: "publish", channelId: this.channelId, messages }, entries };
  }

  /** Lets a message that could go at once wait a while for others, where they are sent together. */
  gather(then: () => void): void {
    if (!this.batch || this.gathering || this.entries.some((e) => e.ref !== "")) return;
    this.gathering = this.after(this.batch.within, () => {
      this.gathering = undefined;
      then();
    });
  }

  /** Sends nothing for so many milliseconds. */
  pause(milliseconds: number, then: () => void): void {
    this.resting?.();
    this.resting = this.after(milliseconds, () => {
      this.resting = undefined;
      then();
    });
  }

  /** Ends pauses. */
  stop(): void {
    this.resting?.();
    this.gathering?.();
    this.resting = this.gathering = undefined;
  }

  /** Sends each of these by itself from now on. */
  single(entries: Entry[]): void {
    for (const entry of entries) {
      entry.ref = "";
      this.alone.add(entry);
    }
  }

  /** The first drafts that may go in one frame. */
  private together(): Entry[] {
    const { most } = this.batch ?? { most: 1 };
    let size = 0;
    let n = 0;
    for (const entry of this.entries.slice(0, most)) {
      const apart = entry.frame.type !== "publish" || this.alone.has(entry);
      size += most > 1 ? JSON.stringify(entry.frame).length : 0;
      if (!entry.ready || (n > 0 && (apart || size > largest))) break;
      n++;
      if (apart) break;
    }
    return this.entries.slice(0, n);
  }
}
