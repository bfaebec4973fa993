import type { CallEvent, Client, LogEvent, MemberEvent } from "@parley/client";
import type { ListedMessage } from "@parley/client/messages";
import { placeOf } from "./order";

/** What else happened in a channel that people want to see among its messages. */
export type Line = ({ type: "call" } & CallEvent) | ({ type: "member" } & MemberEvent);

/** So many events are asked for at once. */
const most = 500;

const none: readonly Line[] = [];

/**
 * The calls and comings and goings of a channel, for where somebody looks.
 * Messages' numbers have holes where something else was logged: such a hole is
 * asked for, once, when it comes into view. What happens from now on is heard.
 */
export class Lines {
  #lines: readonly Line[] = none; // in the order of seq
  readonly #asked = new Set<number>(); // holes, by the seq before them
  #tail = false; // what comes after the last message was asked for
  #heard = Number.POSITIVE_INFINITY; // everything from this seq on was heard as it came
  readonly #cut = new Map<string, readonly Line[]>();
  readonly #listeners = new Set<() => void>();
  #stops: (() => void)[] = [];
  readonly #client: Client;

  constructor(
    client: Client,
    readonly channelId: string,
  ) {
    this.#client = client;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  /** Another object whenever something changed. */
  readonly snapshot = (): readonly Line[] => this.#lines;

  /** Those between two seqs; the same array until there are others. */
  between(after: number, before: number): readonly Line[] {
    const first = placeOf(this.#lines, after + 1);
    const end = placeOf(this.#lines, before);
    if (first >= end) return none;
    const key = `${first} ${end}`;
    const lines = this.#cut.get(key) ?? this.#lines.slice(first, end);
    this.#cut.set(key, lines);
    return lines;
  }

  /** These messages are in view, from the first to the last of a stretch; `top`: nothing comes before, `end`: nor after. */
  look(messages: readonly ListedMessage[], { top, end }: { top: boolean; end: boolean }): void {
    const seqs = messages.flatMap((m) => m.seq ?? []);
    if (top) seqs.unshift(0);
    const holes = seqs.flatMap((seq, i) => {
      const next = seqs[i + 1];
      const known = next === undefined || next === seq + 1 || seq + 1 >= this.#heard || this.#asked.has(seq);
      return known ? [] : { after: seq, before: next };
    });
    if (end && !this.#tail) {
      this.#tail = true;
      holes.push({ after: seqs.at(-1) ?? 0, before: Number.POSITIVE_INFINITY });
    }
    for (const hole of holes) this.#asked.add(hole.after);
    for (const span of spans(holes)) void this.#ask(span);
  }

  async #ask({ after, before }: Hole): Promise<void> {
    const limit = Math.min(most, before - after - 1);
    const path = `/v1/channels/${encodeURIComponent(this.channelId)}/events`;
    try {
      const answer = await this.#client.request("GET", path, { query: { after, limit } });
      this.#take((answer as unknown as { events: LogEvent[] }).events);
    } catch {
      this.#asked.delete(after); // whoever comes by again may have more luck
      if (before === Number.POSITIVE_INFINITY) this.#tail = false;
    }
  }

  #start(): void {
    const here = (event: LogEvent) => {
      if (event.channelId !== this.channelId) return;
      this.#heard = Math.min(this.#heard, event.seq);
      this.#take([event]);
    };
    this.#stops = [
      this.#client.on("event", here),
      this.#client.on("expired", ({ channelId }) => channelId === this.channelId && this.#stop()),
    ];
  }

  #stop(): void {
    if (this.#listeners.size === 0) for (const stop of this.#stops.splice(0)) stop();
    this.#lines = none;
    this.#tail = false;
    this.#heard = Number.POSITIVE_INFINITY;
    this.#asked.clear();
    this.#cut.clear();
  }

  #take(events: readonly LogEvent[]): void {
    const more = events.filter(
      (e): e is Line =>
        (e.type === "call" || e.type === "member") && this.#lines[placeOf(this.#lines, e.seq)]?.seq !== e.seq,
    );
    if (more.length === 0) return;
    this.#lines = [...this.#lines, ...more].sort((a, b) => a.seq - b.seq);
    this.#cut.clear();
    for (const listener of [...this.#listeners]) listener();
  }
}

interface Hole {
  after: number;
  before: number;
}

/** Holes that are near each other are asked for together. */
function spans(holes: readonly Hole[]): Hole[] {
  const all: Hole[] = [];
  for (const hole of holes) {
    const last = all.at(-1);
    if (last && hole.before - last.after <= most) last.before = hole.before;
    else all.push({ ...hole });
  }
  return all;
}
