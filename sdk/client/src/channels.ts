import { after } from "./clock";
import type { Emitter } from "./emitter";
import { type Expired, ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Frame, isKnown, parsePosition } from "./frame";
import type { Page } from "./history";
import { Place } from "./place";
import { Seam } from "./seam";
import type { Cursor } from "./types";

export interface JoinOptions {
  /** Where to go on from; default: from now on. */
  position?: string;
  /** Be seen in the channel, and see who is there. Default true. */
  presence?: boolean;
}

/** A channel as it was when it was joined. */
export interface Joined {
  channelId: string;
  position: string;
  head: string;
  role: string;
  cursor: Cursor;
}

/** Why what is known of a channel is worth nothing: it is followed no more, something of it is gone, or all. */
export type Loss = "left" | Expired["reason"];

export interface ChannelsOptions {
  /** Sends a frame, if there is a connection; false: there is none. */
  send(frame: Frame): boolean;
  events: Emitter<ClientEvents>;
  /** False: events are told of as they come, once, whatever is missing before them. */
  ordering: boolean;
  /** A subscription has begun after `place`, which everything up to was told of before, in a log that ends at `head`. */
  begun(channelId: string, place: number, head: number, own: Cursor): void;
  /** An event is about to be told of, and with it everything up to `place` was. */
  logged(event: Frame & { channelId: string; seq: number }, place: number): void;
  lost(channelId: string, why: Loss): void;
}

interface Channel {
  place: Place;
  presence: boolean;
  joining: { resolve: (joined: Joined) => void; reject: (error: ParleyError) => void }[];
  asked: string; // the ref of a subscribe that this connection has not answered; "": there is none
  acked: number; // the last seq that was acknowledged as delivered
  acking: (() => void) | undefined;
  again: (() => void) | undefined; // stops the timer of a subscribe that was refused for now
  seam: Seam;
}

/** Delivered events are acknowledged at most so often. */
const ackEvery = 1000;

/** Before a subscribe that was refused for now is sent again, unless the server says how long. */
const patience = 1000;

/** The channels that are followed, each from its place in the log, on one connection after the other. */
export class Channels {
  readonly #options: ChannelsOptions;
  readonly #all = new Map<string, Channel>();
  #refs = 0;

  constructor(options: ChannelsOptions) {
    this.#options = options;
  }

  has(channelId: string): boolean {
    return this.#all.has(channelId);
  }

  /** The one channel that is joined, for calls that leave it out. */
  only(): string {
    const [channelId, ...others] = this.#all.keys();
    if (channelId === undefined || others.length > 0) {
      throw new ParleyError("channel_required", `${this.#all.size} channels are joined: name one`);
    }
    return channelId;
  }

  join(channelId: string, options: JoinOptions): Promise<Joined> {
    const from = options.position === undefined ? undefined : parsePosition(options.position);
    if (options.position !== undefined && !from) {
      return Promise.reject(new ParleyError("invalid", "a position reads epoch:seq"));
    }
    const channel = this.#all.get(channelId) ?? this.#add(channelId, true);
    if (from) channel.place.restart(from);
    channel.presence = options.presence ?? true;
    return new Promise((resolve, reject) => {
      channel.joining.push({ resolve, reject });
      this.#subscribe(channelId, channel);
    });
  }

  /** Follows the channel no more. */
  leave(channelId: string, why: ParleyError): void {
    const channel = this.#all.get(channelId);
    if (!channel) return;
    this.#all.delete(channelId);
    this.#stop(channel);
    this.#options.lost(channelId, "left");
    for (const { reject } of channel.joining) reject(why);
  }

  /** A connection is there. */
  resume(): void {
    for (const [channelId, channel] of this.#all) {
      channel.asked = "";
      this.#subscribe(channelId, channel);
    }
  }

  /** The connection broke. */
  broke(): void {
    for (const channel of this.#all.values()) this.#stop(channel);
  }

  close(why: ParleyError): void {
    for (const channelId of [...this.#all.keys()]) this.leave(channelId, why);
  }

  /** Takes the answer to a subscribe, or that the server began a direct channel by itself. */
  subscribed(frame: Frame): void {
    const channelId = frame.channelId ?? "";
    const from = parsePosition(frame.position as string);
    let channel = this.#all.get(channelId);
    if (!channel && frame.direct === true) channel = this.#add(channelId, false);
    if (!channel || !from) return; // it was left meanwhile
    if (frame.ref === channel.asked) channel.asked = "";
    channel.place.begin(from);
    channel.acked = from.seq;
    const joined = frame as unknown as Joined;
    const head = parsePosition(joined.head)?.seq ?? from.seq;
    this.#options.begun(channelId, channel.place.seq ?? from.seq, head, joined.cursor);
    for (const { resolve } of channel.joining.splice(0)) resolve(joined);
    this.#options.events.emit("joined", joined);
  }

  /** Takes the refusal of a subscribe; false: it refuses something else. */
  refused(frame: Frame, error: ParleyError): boolean {
    const channelId = frame.channelId ?? "";
    const channel = this.#all.get(channelId);
    if (!channel || frame.ref === undefined || frame.ref !== channel.asked) return false;
    channel.asked = "";
    if (error.expired) {
      const from = parsePosition(error.expired.oldest);
      if (from) channel.place.restart(from);
      this.#options.lost(channelId, error.expired.reason);
      this.#options.events.emit("expired", { channelId, ...error.expired });
      this.#subscribe(channelId, channel);
    } else if (error.retry) {
      channel.again = after(error.retryAfter ?? patience, () => this.#subscribe(channelId, channel));
    } else {
      this.dropped(channelId, error);
    }
    return true;
  }

  /** The server ended the subscription. */
  dropped(channelId: string, error: ParleyError): void {
    this.leave(channelId, error);
    this.#options.events.emit("dropped", { channelId, error });
  }

  /** Takes an event of a log, and tells of it if it is the next. */
  logged(frame: Frame & { channelId: string; seq: number }): void {
    const channel = this.#all.get(frame.channelId);
    if (!channel) return; // it was left
    if (channel.asked !== "" && this.#options.ordering) return; // it will be told again from its place
    if (channel.seam.holds(frame)) return;
    const verdict = channel.place.take(frame.seq);
    if (verdict === "gap" || verdict === "early") this.#subscribe(frame.channelId, channel);
    if (verdict === "gap" || verdict === "old") return;
    this.#acknowledge(frame.channelId, channel);
    if (frame.type === "message") frame.clientAck = true;
    this.#options.logged(frame, channel.place.seq ?? frame.seq);
    this.#options.events.emit("event", frame as never);
    if (isKnown(frame.type)) this.#options.events.emit(frame.type, frame as never);
    channel.seam.told();
  }

  /** Asks for a page of a channel's end, so that nothing is missing or doubled between it and what is told of. */
  page(channelId: string, ask: () => Promise<Page>): Promise<Page> {
    return this.#all.get(channelId)?.seam.page(ask) ?? ask();
  }

  #add(channelId: string, presence: boolean): Channel {
    const channel: Channel = {
      place: new Place(undefined, !this.#options.ordering),
      presence,
      joining: [],
      asked: "",
      acked: 0,
      acking: undefined,
      again: undefined,
      seam: new Seam({ tell: (event) => this.logged(event), place: () => channel.place.seq, after }),
    };
    this.#all.set(channelId, channel);
    return channel;
  }

  #subscribe(channelId: string, channel: Channel): void {
    if (this.#all.get(channelId) !== channel || channel.asked !== "") return;
    const { place, presence } = channel;
    const ref = `s${++this.#refs}`;
    const frame = { type: "subscribe", ref, channelId, position: place.position, presence, acks: true };
    if (this.#options.send(frame)) channel.asked = ref;
  }

  /** Tells the server that this device has what it was sent, now and then. */
  #acknowledge(channelId: string, channel: Channel): void {
    channel.acking ??= after(ackEvery, () => {
      channel.acking = undefined;
      const seq = channel.place.seq ?? 0;
      if (seq > channel.acked && this.#options.send({ type: "delivered", channelId, seq }))
        channel.acked = seq;
    });
  }

  #stop(channel: Channel): void {
    channel.acking?.();
    channel.again?.();
    channel.acking = channel.again = undefined;
  }
}
