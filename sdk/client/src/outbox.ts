import { type ErrorCode, ParleyError } from "./error";
import type { Frame } from "./frame";
import { Lane } from "./lane";

/** Something that is to become an event of a channel's log. */
export interface Draft {
  /** The server knows it again by this, however often it is sent. */
  nonce: string;
  channelId: string;
  frame: Frame;
}

/** How a draft ended: it is stored, or was refused for good. */
export type End = { ack: Frame } | { error: { code: ErrorCode; message: string } };

/** A draft, and where it stands here. */
export interface Entry extends Draft {
  /** It may be sent: it was written down, or is not to be. */
  ready: boolean;
  /** It is on the shelf, or may be. */
  kept: boolean;
  /** Of the frame that it is under way in; empty: it is not. */
  ref: string;
  /** Who added it here. A draft without was left by another client, or is another tab's. */
  owner?: { settle(ack: Frame): void; fail(error: ParleyError): void };
}

/** What keeps the drafts of one user beyond a client, and the tabs that share them in step. */
export interface Shelf {
  /** Writes a draft down, behind those that are there. A rejection with the code `queue_full` refuses it. */
  add(draft: Draft): Promise<void>;
  /** Takes a draft off, and tells the other tabs how it ended. */
  remove(draft: Draft, end: End): void;
  /** Every draft, in the order in which they were added; undefined: others are not looked after. */
  all(): Promise<Draft[] | undefined>;
  /** Stands in line for the right to send, which `granted` tells of, until `rest`. */
  ask(): void;
  rest(): void;
  close(): void;
}

export interface OutboxOptions {
  /** Sends a frame, if there is a connection; false: there is none. */
  send(frame: Frame): boolean;
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void;
  /** How many drafts may wait. */
  most: number;
  /** Several messages of a channel go in one frame: as many, or those of so many milliseconds. */
  batch?: { most: number; within: number } | undefined;
  /** Drafts wait until `attach` says where they are written down. */
  kept?: boolean;
  /** Told of each draft that waits, and of its end. */
  told?(draft: Draft, end?: End): void;
  /** Drafts can no longer be written down, and wait in memory alone. */
  unkept?(why: unknown): void;
}

/** How long to wait before trying again what the server refused for now without saying how long. */
const patience = 1000;

/** Frames of more bytes end the connection, so that one would be sent for ever. */
const largest = 1_000_000;

/**
 * Drafts on their way. Of each channel one frame at a time is under way, so
 * that they become events in the order in which they were added, also where one
 * is refused for a moment and sent again. A connection that breaks loses
 * nothing: what has no answer is sent again with its nonce.
 *
 * With a shelf a draft is written down before it is sent, and the tabs of a user
 * take turns. That two of them send the same is harmless: each sends a channel's
 * next draft only when the one before is stored, and the nonce makes one of two.
 */
export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  private size = 0;
  private refs = 0;
  private connected = false;
  private waiting: boolean; // for a shelf
  private shelf: Shelf | undefined;
  private memory = false; // the shelf takes no more
  private turn = false; // ours, among the tabs
  private asked = false;
  private stale = false; // others may have added or taken something
  private reading: Promise<void> | undefined;
  private gone: Set<string> | undefined; // nonces that ended while reading
  private closed: ParleyError | undefined;

  constructor(private readonly options: OutboxOptions) {
    this.waiting = options.kept ?? false;
  }

  /** How many drafts have no answer, those of the user's other tabs included. */
  get length(): number {
    return this.size;
  }

  /** The drafts of a channel, or of all, that have no answer, in the order of each channel. */
  drafts(channelId?: string): Draft[] {
    const lanes = channelId === undefined ? [...this.lanes.values()] : [this.lanes.get(channelId)];
    return lanes.flatMap((lane) => lane?.entries ?? []);
  }

  /** Adds a draft; the promise is kept with the server's ack. */
  add(draft: Draft): Promise<Frame> {
    if (this.closed) return Promise.reject(this.closed);
    if (this.size >= this.options.most) return Promise.reject(full(this.size));
    let frame: Frame; // as it is now, whatever becomes of what it was made of
    try {
      const json = JSON.stringify(draft.frame);
      if (json.length > largest / 3 && new TextEncoder().encode(json).length > largest) {
        return Promise.reject(new ParleyError("too_large", "it does not fit into a frame"));
      }
      frame = JSON.parse(json);
    } catch (error) {
      return Promise.reject(new ParleyError("invalid", `no JSON: ${error}`));
    }
    return new Promise((settle, fail) => {
      const owner = { settle, fail };
      const lane = this.lane(draft.channelId);
      const left = lane.entries.find((e) => !e.owner && e.nonce === draft.nonce);
      if (left && JSON.stringify(left.frame) === JSON.stringify(frame)) {
        left.owner = owner;
        return;
      }
      const entry: Entry = { ...draft, frame, ready: false, kept: false, ref: "", owner };
      lane.entries.push(entry);
      this.size++;
      this.options.told?.(entry);
      if (!this.waiting) this.keep(entry);
    });
  }

  /** Says where drafts are kept, now that it is known; undefined: nowhere. */
  attach(shelf: Shelf | undefined): void {
    if (this.closed) {
      shelf?.close();
      return;
    }
    this.waiting = false;
    this.memory = false;
    this.shelf = shelf;
    this.stale = true;
    for (const entry of this.entries()) this.keep(entry);
    if (shelf) void this.read();
  }

  /** The user is another: what waits stays on the shelf and fails here. Another shelf will be attached. */
  detach(why: ParleyError): void {
    this.rest();
    this.shelf?.close();
    this.shelf = undefined;
    this.waiting = true;
    this.drop(why);
  }

  /** A connection is there: whatever was under way is sent again, and what waits is sent. */
  resume(): void {
    this.broke();
    this.connected = true;
    if (!this.shelf) {
      this.advanceAll();
      return;
    }
    this.stale = true;
    this.ask();
    void this.read();
  }

  /** The connection broke. */
  broke(): void {
    this.connected = false;
    for (const lane of this.lanes.values()) lane.stop();
    for (const entry of this.entries()) entry.ref = "";
    this.rest();
  }

  /** Takes the server's ack or error; false: it answers nothing of this outbox. */
  answered(frame: Frame, error?: ParleyError): boolean {
    for (const lane of this.lanes.values()) {
      const asked = lane.entries.filter(
        (e) => e.ref !== "" && (e.nonce === frame.nonce || e.ref === frame.ref),
      );
      const entry = asked.find((e) => e.nonce === frame.nonce);
      if (entry) this.conclude(lane, entry, frame, error);
      else if (error && asked.length > 0) this.refused(lane, asked, error);
      else continue;
      this.advance(lane);
      return true;
    }
    return false;
  }

  /** Nothing more is sent; what waits fails here, and stays on the shelf for another client. */
  close(error: ParleyError): void {
    this.closed = error;
    this.broke();
    this.drop(error);
    this.shelf?.close();
    this.shelf = undefined;
  }

  /** It is our turn among the tabs. */
  async granted(): Promise<void> {
    if (!this.asked) return;
    this.stale ||= this.entries().some((e) => !e.owner);
    while (this.stale && this.asked) await this.read();
    if (!this.asked) return;
    this.turn = true;
    this.advanceAll();
    if (this.size === 0) this.rest();
  }

  /** Another tab has taken our turn, for it thought that we are no more. */
  lost(): void {
    this.rest();
    this.ask();
  }

  /** Another tab has added drafts. */
  changed(): void {
    this.stale = true;
    void this.read();
  }

  /** Another tab tells how a draft ended. */
  ended(draft: Draft, end: End): void {
    this.gone?.add(draft.nonce);
    const lane = this.lanes.get(draft.channelId);
    const entry = lane?.entries.find((e) => e.nonce === draft.nonce);
    if (lane && entry) this.end(lane, entry, end, false);
    else this.options.told?.(draft, end);
    if (lane) this.advance(lane);
  }

  private entries(): Entry[] {
    return [...this.lanes.values()].flatMap((lane) => lane.entries);
  }

  private lane(channelId: string): Lane {
    let lane = this.lanes.get(channelId);
    if (!lane) {
      lane = new Lane(channelId, this.options.batch, this.options.after);
      this.lanes.set(channelId, lane);
    }
    return lane;
  }

  /** Writes a draft down; then it may be sent. Shared state is not kept: an old value is not set days later. */
  private keep(entry: Entry): void {
    this.ask();
    if (!this.shelf || this.memory || entry.frame.type.startsWith("state.")) {
      this.ready(entry);
      return;
    }
    entry.kept = true;
    const { nonce, channelId, frame } = entry;
    this.shelf.add({ nonce, channelId, frame }).then(
      () => this.ready(entry),
      (error) => {
        if (error?.code === "queue_full") this.refuse(entry);
        else this.forgo(error);
        this.ready(entry);
      },
    );
  }

  private ready(entry: Entry): void {
    entry.ready = true;
    const lane = this.lanes.get(entry.channelId);
    lane?.gather(() => this.advance(lane));
    if (lane) this.advance(lane);
  }

  /** The drafts of all tabs together are too many. */
  private refuse(entry: Entry): void {
    const lane = this.lanes.get(entry.channelId);
    entry.kept = false;
    if (lane?.entries.includes(entry)) this.end(lane, entry, { error: full(this.options.most) });
  }

  /** Goes on in memory: what cannot be written down is sent all the same. */
  private forgo(why: unknown): void {
    if (this.memory || this.closed) return;
    this.memory = true;
    this.options.unkept?.(why);
  }

  /** Reads what all tabs have, again if something changed meanwhile. */
  private read(): Promise<void> {
    this.reading ??= this.readAll().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async readAll(): Promise<void> {
    const { shelf } = this;
    while (shelf && this.shelf === shelf && this.stale) {
      this.stale = false;
      const gone = new Set<string>();
      this.gone = gone;
      try {
        const drafts = await shelf.all();
        if (drafts && this.shelf === shelf) this.merge(drafts.filter((d) => !gone.has(d.nonce)));
      } catch (error) {
        this.forgo(error);
      }
    }
    this.gone = undefined;
    if (this.size > 0) this.ask();
    else this.rest();
  }

  private merge(drafts: Draft[]): void {
    for (const { channelId } of drafts) this.lane(channelId);
    for (const [channelId, lane] of this.lanes) {
      for (const entry of lane.merge(drafts.filter((d) => d.channelId === channelId)))
        this.options.told?.(entry);
      this.tidy(lane);
    }
    this.size = this.entries().length;
    this.advanceAll();
  }

  private ask(): void {
    if (!this.shelf || this.turn || this.asked || !this.connected || this.size === 0) return;
    this.asked = true;
    this.shelf.ask();
  }

  private rest(): void {
    this.turn = this.asked = false;
    this.shelf?.rest();
  }

  private advanceAll(): void {
    for (const lane of this.lanes.values()) this.advance(lane);
  }

  /** Sends what is first in the lane, if it may. */
  private advance(lane: Lane): void {
    if (!this.connected || this.waiting || (this.shelf && !this.turn)) return;
    const next = lane.next();
    if (!next) return;
    const ref = `d${++this.refs}`;
    if (!this.options.send({ ...next.frame, ref })) return;
    for (const entry of next.entries) entry.ref = ref;
  }

  private conclude(lane: Lane, entry: Entry, frame: Frame, error?: ParleyError): void {
    if (!error) this.end(lane, entry, { ack: frame });
    else if (error.retry) this.pause(lane, [entry], error);
    else this.end(lane, entry, { error });
  }

  /** A frame was refused as a whole: of several messages it is not known which was at fault. */
  private refused(lane: Lane, entries: Entry[], error: ParleyError): void {
    const [first, ...others] = entries;
    if (error.retry) this.pause(lane, entries, error);
    else if (first && others.length === 0) this.end(lane, first, { error });
    else lane.single(entries);
  }

  private pause(lane: Lane, entries: Entry[], error: ParleyError): void {
    for (const entry of entries) entry.ref = "";
    lane.pause(error.retryAfter ?? patience, () => this.advance(lane));
  }

  private end(lane: Lane, entry: Entry, end: End, first = true): void {
    lane.entries.splice(lane.entries.indexOf(entry), 1);
    this.tidy(lane);
    this.size--;
    this.gone?.add(entry.nonce);
    const { nonce, channelId, frame } = entry;
    if (first && entry.kept) this.shelf?.remove({ nonce, channelId, frame }, end);
    if ("ack" in end) entry.owner?.settle(end.ack);
    else entry.owner?.fail(asError(end.error));
    this.options.told?.(entry, end);
    if (this.size === 0) this.rest();
  }

  private tidy(lane: Lane): void {
    if (lane.entries.length > 0) return;
    lane.stop();
    this.lanes.delete(lane.channelId);
  }

  private drop(why: ParleyError): void {
    const entries = this.entries();
    for (const lane of this.lanes.values()) lane.stop();
    this.lanes.clear();
    this.size = 0;
    for (const entry of entries) {
      if (!entry.owner) continue;
      entry.owner.fail(why);
      this.options.told?.(entry, { error: why });
    }
  }
}

function full(size: number): ParleyError {
  return new ParleyError("queue_full", `${size} messages wait already`);
}

function asError(error: { code: ErrorCode; message: string }): ParleyError {
  return error instanceof ParleyError ? error : new ParleyError(error.code, error.message);
}
