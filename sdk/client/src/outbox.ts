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
  /** It is written down, or may be. */
  kept: boolean;
  /** Of the frame that it is under way in; empty: it is not. */
  ref: string;
  /** Who added it here. A draft without was left by another client, or is another tab's. */
  owner?: { settle(ack: Frame): void; fail(error: ParleyError): void };
}

/** What keeps drafts beyond the client, and the tabs that share them in step. */
export interface Shelf {
  /** Nothing is sent while it is another's turn. */
  readonly turn: boolean;
  /** Writes a draft down, and then makes it ready. */
  keep(entry: Entry): void;
  /** The draft has left the outbox. */
  ended(entry: Entry, end: End): void;
  /** There is a connection, or there is none. */
  connected(is: boolean): void;
  close(): void;
}

/** Sends several messages of a channel in one frame. */
export interface Batcher {
  /** Lets a message that could go at once wait a while for others. */
  gather(lane: Lane, then: () => void): void;
  /** What is first in the lane and goes in one frame; nothing: more may come. */
  next(lane: Lane): Entry[];
  frame(channelId: string, entries: Entry[]): Frame;
  /** Sends each of these by itself from now on. */
  single(entries: Entry[]): void;
  /** Lets nothing wait for others any more. */
  stop(lane: Lane): void;
}

export interface OutboxOptions {
  /** Sends a frame, if there is a connection; false: there is none. */
  send(frame: Frame): boolean;
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void;
  /** How many drafts may wait. */
  most: number;
  /** Drafts wait until `attach` says where they are written down. */
  kept?: boolean;
  /** Told of each draft that waits, and of its end. */
  told?(draft: Draft, end?: End): void;
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
 */
export class Outbox {
  readonly lanes = new Map<string, Lane>();
  batcher: Batcher | undefined;
  #refs = 0;
  #connected = false;
  #waiting: boolean; // for a shelf
  #shelf: Shelf | undefined;
  #closed: ParleyError | undefined;

  constructor(readonly options: OutboxOptions) {
    this.#waiting = options.kept ?? false;
  }

  /** How many drafts have no answer, those of the user's other tabs included. */
  get length(): number {
    return this.drafts().length;
  }

  /** The drafts of a channel, or of all, that have no answer, in the order of each channel. */
  drafts(channelId?: string): Entry[] {
    const lanes = channelId === undefined ? [...this.lanes.values()] : [this.lanes.get(channelId)];
    return lanes.flatMap((lane) => lane?.entries ?? []);
  }

  /** Adds a draft; the promise is kept with the server's ack. */
  add(draft: Draft): Promise<Frame> {
    return new Promise((settle, fail) => {
      if (this.#closed) throw this.#closed;
      if (this.length >= this.options.most) throw full(this.length);
      const frame = copy(draft.frame); // as it is now, whatever becomes of what it was made of
      const owner = { settle, fail };
      const lane = this.lane(draft.channelId);
      const left = lane.entries.find((e) => !e.owner && e.nonce === draft.nonce);
      if (left && JSON.stringify(left.frame) === JSON.stringify(frame)) {
        left.owner = owner;
        return;
      }
      const entry: Entry = { ...draft, frame, ready: false, kept: false, ref: "", owner };
      lane.entries.push(entry);
      this.options.told?.(entry);
      if (!this.#waiting) this.#keep(entry);
    });
  }

  /** Says where drafts are kept, now that it is known; undefined: nowhere. */
  attach(shelf: Shelf | undefined): void {
    if (this.#closed) {
      shelf?.close();
      return;
    }
    this.#waiting = false;
    this.#shelf = shelf;
    for (const entry of this.drafts()) this.#keep(entry);
    shelf?.connected(this.#connected);
  }

  /** The user is another: what waits stays where it is kept, and fails here. Another shelf will be attached. */
  detach(why: ParleyError): void {
    this.#shelf?.close();
    this.#shelf = undefined;
    this.#waiting = true;
    this.#drop(why);
  }

  /** A connection is there: whatever was under way is sent again, and what waits is sent. */
  resume(): void {
    this.broke();
    this.#connected = true;
    this.#shelf?.connected(true);
    this.advance();
  }

  /** The connection broke. */
  broke(): void {
    this.#connected = false;
    for (const lane of this.lanes.values()) this.#stop(lane);
    for (const entry of this.drafts()) entry.ref = "";
    this.#shelf?.connected(false);
  }

  /** Takes the server's ack or error; false: it answers nothing of this outbox. */
  answered(frame: Frame, error?: ParleyError): boolean {
    for (const lane of this.lanes.values()) {
      const asked = lane.entries.filter(
        (e) => e.ref !== "" && (e.nonce === frame.nonce || e.ref === frame.ref),
      );
      const entry = asked.find((e) => e.nonce === frame.nonce);
      if (entry && !error?.retry) this.end(entry, error ? { error } : { ack: frame });
      else if (error && asked.length > 0) this.#refused(lane, entry ? [entry] : asked, error);
      else if (!entry) continue;
      this.advance(lane);
      return true;
    }
    return false;
  }

  /** What waits, in the user's other tabs too, fails and is forgotten. What is under way may be stored all the same. */
  discard(error: ParleyError): void {
    for (const entry of this.drafts()) this.end(entry, { error });
  }

  /** Nothing more is sent; what waits fails here, and stays where it is kept for another client. */
  close(error: ParleyError): void {
    this.#closed = error;
    this.broke();
    this.#drop(error);
    this.#shelf?.close();
    this.#shelf = undefined;
  }

  /** The draft may be sent. */
  ready(entry: Entry): void {
    entry.ready = true;
    const lane = this.lanes.get(entry.channelId);
    if (!lane) return;
    this.batcher?.gather(lane, () => this.advance(lane));
    this.advance(lane);
  }

  /** The draft is stored, or refused for good. */
  end(entry: Entry, end: End): void {
    const lane = this.lanes.get(entry.channelId);
    const at = lane?.entries.indexOf(entry) ?? -1;
    if (!lane || at < 0) return;
    lane.entries.splice(at, 1);
    this.tidy(lane);
    if ("ack" in end) entry.owner?.settle(end.ack);
    else entry.owner?.fail(asError(end.error));
    this.options.told?.(entry, end);
    this.#shelf?.ended(entry, end);
  }

  lane(channelId: string): Lane {
    let lane = this.lanes.get(channelId);
    if (!lane) {
      lane = new Lane(channelId);
      this.lanes.set(channelId, lane);
    }
    return lane;
  }

  /** Sends what is first in the lane, or in each, if it may. */
  advance(...lanes: Lane[]): void {
    if (!this.#connected || this.#waiting || this.#shelf?.turn === false) return;
    for (const lane of lanes.length > 0 ? lanes : this.lanes.values()) {
      if (!lane.free) continue;
      const entries = this.batcher?.next(lane) ?? lane.entries.slice(0, 1);
      const [first, ...others] = entries;
      if (!first) continue;
      const frame = others.length > 0 ? this.batcher?.frame(lane.channelId, entries) : first.frame;
      const ref = `d${++this.#refs}`;
      if (!this.options.send({ ...(frame ?? first.frame), ref })) return;
      for (const entry of entries) entry.ref = ref;
    }
  }

  /** Forgets a lane that is empty. */
  tidy(lane: Lane): void {
    if (lane.entries.length > 0) return;
    this.#stop(lane);
    this.lanes.delete(lane.channelId);
  }

  #stop(lane: Lane): void {
    lane.stop();
    this.batcher?.stop(lane);
  }

  #keep(entry: Entry): void {
    if (this.#shelf) this.#shelf.keep(entry);
    else this.ready(entry);
  }

  /** One of a frame was refused for now, or all of it: of several messages it is not known which was at fault. */
  #refused(lane: Lane, entries: Entry[], error: ParleyError): void {
    const [first, ...others] = entries;
    for (const entry of entries) entry.ref = "";
    if (error.retry) {
      const { after } = this.options;
      lane.pause(
        (then) => after(error.retryAfter ?? patience, then),
        () => this.advance(lane),
      );
    } else if (first && others.length === 0) this.end(first, { error });
    else this.batcher?.single(entries);
  }

  #drop(why: ParleyError): void {
    const entries = this.drafts();
    for (const lane of this.lanes.values()) this.#stop(lane);
    this.lanes.clear();
    for (const entry of entries) {
      if (!entry.owner) continue;
      entry.owner.fail(why);
      this.options.told?.(entry, { error: why });
    }
  }
}

/** The frame as it will be read, or what is wrong with it. */
function copy(frame: Frame): Frame {
  let json: string;
  try {
    json = JSON.stringify(frame);
  } catch (error) {
    throw new ParleyError("invalid", `no JSON: ${error}`);
  }
  if (json.length > largest / 3 && new TextEncoder().encode(json).length > largest) {
    throw new ParleyError("too_large", "it does not fit into a frame");
  }
  return JSON.parse(json);
}

/** So many drafts wait that no more are taken. */
function full(size: number): ParleyError {
  return new ParleyError("queue_full", `${size} messages wait already`);
}

function asError(error: { code: ErrorCode; message: string }): ParleyError {
  return error instanceof ParleyError ? error : new ParleyError(error.code, error.message);
}
