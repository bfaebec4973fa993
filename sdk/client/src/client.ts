import { Emitter } from "./emitter";
import { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Frame, isLogged, parsePosition } from "./frame";
import { type Credentials, errorOf, Link, type Session, type Socket } from "./link";
import type { ClientOptions } from "./options";
import { Outbox } from "./outbox";
import { Place } from "./place";
import { Requests } from "./requests";
import { SharedState } from "./state";
import type { Call, ConnectionState, Cursor, Json, LogEvent, Message, Presence } from "./types";
import { Way } from "./way";

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

export interface Draft {
  text?: string;
  body?: Json;
  meta?: { [key: string]: Json };
  parentId?: string;
  mentions?: string[];
  /** Milliseconds after which the message is deleted by itself. */
  ttl?: number;
  /** One's own key for it: the same is the same message, however often it is sent. Default: a UUID. */
  nonce?: string;
}

interface Channel {
  place: Place;
  presence: boolean;
  joining: { resolve: (joined: Joined) => void; reject: (error: ParleyError) => void }[];
  asked: string; // the ref of a subscribe that this connection has not answered; "": there is none
  acked: number; // the last seq that was acknowledged as delivered
  acking: (() => void) | undefined;
}

/** Delivered events are acknowledged at most so often. */
const ackEvery = 1000;

/** A client that is connected, comes back by itself, and misses nothing. */
export class Client {
  private readonly events = new Emitter<ClientEvents>();
  private readonly channels = new Map<string, Channel>();
  private readonly outbox: Outbox;
  private readonly requests: Requests;
  private readonly way: Way;
  private readonly link: Link;
  private readonly bucket: { tokens: number; at: number };
  private asked = 0; // subscribes, ever
  private current: ConnectionState = "connecting";
  private session: Session | undefined;
  private pass: string | undefined; // of the guest that the server made of us
  private readonly states = new Map<string, SharedState>();
  private presence: Frame | undefined; // said again on each connection

  constructor(private readonly options: ClientOptions = {}) {
    const send = (frame: Frame) => this.send(frame);
    this.requests = new Requests({ send, after });
    this.outbox = new Outbox({ send, after, most: options.maxQueue ?? 1000 });
    this.bucket = { tokens: 2 * (options.rate ?? 5), at: Date.now() };
    this.way = new Way({
      transport: options.transport ?? "auto",
      socketURL: endpoint(options.url),
      openSocket:
        options.openSocket ?? ((url, protocol) => new WebSocket(url, protocol) as unknown as Socket),
      after,
      ...(options.retrySocket !== undefined && { retryEvery: options.retrySocket }),
      better: () => this.link.renew(),
    });
    this.link = new Link(
      {
        open: () => this.way.open(),
        credentials: (fresh) => this.credentials(fresh),
        renewable: options.getToken !== undefined,
        reconnect: options.reconnect ?? true,
        base: options.backoff?.base ?? 500,
        cap: options.backoff?.cap ?? 30_000,
        connectWithin: 10_000,
        pingEvery: 20_000,
        random: Math.random,
        now: Date.now,
        after,
      },
      {
        up: (session) => this.up(session),
        frame: (frame) => this.told(frame),
        down: (why, retryIn) => this.down(why, retryIn),
      },
    );
    this.link.start();
  }

  /** Calls `listener` for each event of this name until the function that it returns is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.events.on(name, listener);
  }

  get connectionState(): ConnectionState {
    return this.current;
  }

  get isConnected(): boolean {
    return this.current === "connected";
  }

  /** Who the server says that this is, since it first did. */
  get userId(): string | undefined {
    return this.session?.userId;
  }

  /** How many messages wait for the server's acknowledgement. */
  get queued(): number {
    return this.outbox.length;
  }

  /** Subscribes to a channel, now and after each reconnection from where it was. */
  joinChannel(channelId: string, options: JoinOptions = {}): Promise<Joined> {
    if (this.current === "closed") return Promise.reject(closed());
    const from = options.position === undefined ? undefined : parsePosition(options.position);
    if (options.position !== undefined && !from) {
      return Promise.reject(new ParleyError("invalid", "a position reads epoch:seq"));
    }
    let channel = this.channels.get(channelId);
    if (!channel) {
      channel = {
        place: new Place(from),
        presence: true,
        joining: [],
        asked: "",
        acked: 0,
        acking: undefined,
      };
      this.channels.set(channelId, channel);
    } else if (from) {
      channel.place.restart(from);
    }
    channel.presence = options.presence ?? true;
    const { place, joining } = channel;
    return new Promise((resolve, reject) => {
      joining.push({ resolve, reject });
      this.subscribe(channelId, place);
    });
  }

  /** Ends the subscription. */
  async leaveChannel(channelId: string): Promise<void> {
    const channel = this.channels.get(channelId);
    if (!channel) return;
    this.forget(channelId, closed());
    if (this.isConnected) await this.requests.ask({ type: "unsubscribe", channelId }, true);
  }

  /** Sends a message, and is kept with the message as it was stored. Without a connection it waits for one. */
  async sendMessage(channelId: string, draft: Draft | string): Promise<Message> {
    const { nonce = uuid(), ...content } = typeof draft === "string" ? { text: draft } : draft;
    const limited = this.limit();
    if (limited) throw limited;
    this.events.emit("status", { channelId, nonce, status: "sending" });
    try {
      const ack = await this.commit({ type: "publish", channelId, ...content }, nonce);
      const message = {
        ...content, // as it was sent; who it is from and its numbers are the server's
        channelId,
        nonce,
        senderId: this.session?.userId ?? "",
        id: ack.id,
        seq: ack.seq,
        sequence: ack.sequence,
        createdAt: ack.createdAt,
        clientAck: true,
      } as Message;
      this.events.emit("status", { channelId, nonce, status: "sent", message });
      return message;
    } catch (error) {
      this.events.emit("status", { channelId, nonce, status: "failed", error: error as ParleyError });
      throw error;
    }
  }

  async editMessage(
    channelId: string,
    id: string,
    content: { text: string } | { body: Json } | string,
  ): Promise<void> {
    await this.commit({
      type: "edit",
      channelId,
      id,
      ...(typeof content === "string" ? { text: content } : content),
    });
  }

  async deleteMessage(channelId: string, id: string): Promise<void> {
    await this.commit({ type: "delete", channelId, id });
  }

  /** Adds a reaction of one's own to a message, or with `on: false` takes it away. */
  async react(channelId: string, id: string, reaction: string, on = true): Promise<void> {
    await this.commit({ type: "react", channelId, id, reaction, on });
  }

  async pin(channelId: string, id: string, on = true): Promise<void> {
    await this.commit({ type: "pin", channelId, id, on });
  }

  /** A page of messages, the oldest first: the last below the seq `before`, or the first above `after`. */
  async getHistory(
    channelId: string,
    page: { limit?: number; before?: number; after?: number; threadId?: string } = {},
  ): Promise<{ messages: Message[]; head: string; more: boolean }> {
    const answer = await this.requests.ask({ type: "history", channelId, ...page }, true);
    return {
      messages: answer.messages as Message[],
      head: answer.head as string,
      more: answer.more === true,
    };
  }

  /**
   * Every event after a seq, or since a time: messages in their present state,
   * tombstones, changes. Fails with `expired` where some are no longer kept. The
   * channel may be left out while exactly one is joined.
   */
  getEventsSince(channelId: string, since: number | Date): Promise<LogEvent[]>;
  getEventsSince(since: number | Date): Promise<LogEvent[]>;
  async getEventsSince(...args: [string, number | Date] | [number | Date]): Promise<LogEvent[]> {
    const [channelId, since] = args.length === 2 ? args : [this.only(), args[0]];
    const events: LogEvent[] = [];
    let from: Frame =
      typeof since === "number"
        ? { type: "events", after: since }
        : { type: "events", since: since.toISOString() };
    for (;;) {
      const answer = await this.requests.ask({ ...from, channelId, limit: 1000 }, true);
      const page = answer.events as LogEvent[];
      events.push(...page);
      const last = page.at(-1);
      const head = parsePosition(answer.head as string);
      if (!last || !head || last.seq >= head.seq) return events;
      from = { type: "events", after: last.seq };
    }
  }

  /** Moves the user's read cursor to a message. It never moves back. */
  async ackRead(channelId: string, messageId: string): Promise<Cursor> {
    const answer = await this.requests.ask({ type: "read", channelId, id: messageId }, true);
    return answer.cursor as Cursor;
  }

  /** Sends a signal to whoever is in the channel now; `typing.start` and `typing.stop` are typing. */
  publishEvent(channelId: string, event: { type: string; data?: Json }): void {
    if (event.type === "typing.start" || event.type === "typing.stop") {
      this.send({ type: "typing", channelId, typing: event.type === "typing.start" });
      return;
    }
    this.send({ type: "signal", channelId, event: event.type, data: event.data });
  }

  startTyping(channelId: string): void {
    this.publishEvent(channelId, { type: "typing.start" });
  }

  stopTyping(channelId: string): void {
    this.publishEvent(channelId, { type: "typing.stop" });
  }

  /** The status of this device, which the user's other devices add to. */
  setPresence(presence: { status?: "online" | "away"; custom?: string | null }): void {
    this.presence = { type: "presence", ...presence };
    this.send(this.presence);
  }

  /** A user as others see them. */
  async getPresence(userId: string): Promise<Presence> {
    return (await this.rest(`/v1/users/${encodeURIComponent(userId)}`)) as Presence;
  }

  /** The keys that all members of a channel share. */
  state(channelId: string): SharedState {
    let state = this.states.get(channelId);
    if (!state) {
      state = new SharedState(channelId, {
        ask: (frame) => this.requests.ask(frame, true),
        commit: (frame) => this.commit(frame),
        listen: (callback) =>
          this.events.on("state", (event) => {
            if (event.channelId === channelId) callback(event);
          }),
      });
      this.states.set(channelId, state);
    }
    return state;
  }

  /** Rings another user. `data` is for the other side; the states come as `call.state`. */
  async call(userId: string, options: { channelId?: string; data?: Json } = {}): Promise<Call> {
    return (await this.requests.ask({ type: "call", userId, ...options }, false)) as unknown as Call;
  }

  /** Moves a call on: the callee accepts, declines or is busy, either ends it. */
  async answerCall(callId: string, how: "accept" | "decline" | "busy" | "end"): Promise<Call> {
    return (await this.requests.ask({ type: `call.${how}`, callId }, false)) as unknown as Call;
  }

  /** Sends a signal to every device of a user, or to one by its session. */
  signal(to: { userId: string } | { sessionId: string }, event: string, data?: Json): void {
    this.send({ type: "signal", ...to, event, data });
  }

  /** Ends the connection and everything that waits. The client is of no use afterwards. */
  disconnect(): void {
    if (this.current === "closed") return;
    this.link.close();
    this.end(closed());
  }

  private async credentials(fresh: boolean): Promise<Credentials> {
    const { getToken, token, userId, userName } = this.options;
    return { token: getToken ? await getToken(fresh) : (this.pass ?? token), userId, userName };
  }

  /** Asks the REST side of the server. */
  private async rest(path: string): Promise<unknown> {
    const { token, userId } = await this.credentials(false);
    const url = new URL(endpoint(this.options.url));
    url.protocol = url.protocol.replace("ws", "http");
    url.pathname = path;
    if (userId !== undefined) url.searchParams.set("userId", userId);
    const response = await fetch(url, token ? { headers: { Authorization: `Bearer ${token}` } } : {});
    const answer = (await response.json()) as Frame;
    if (!response.ok) throw errorOf({ ...answer, message: answer.detail ?? `${response.status}` });
    return answer;
  }

  private send(frame: Frame): boolean {
    const sent = this.link.send(frame);
    if (sent) this.options.debug?.("sent", frame);
    return sent;
  }

  private commit(frame: Frame & { channelId: string }, nonce = uuid()): Promise<Frame> {
    if (this.current === "closed") return Promise.reject(closed());
    return this.outbox.add({ nonce, channelId: frame.channelId, frame: { ...frame, nonce } });
  }

  /** The error of a message over the client's own limit, if this one is. */
  private limit(): ParleyError | undefined {
    const rate = this.options.rate ?? 5;
    if (rate === 0) return undefined;
    const now = Date.now();
    this.bucket.tokens = Math.min(2 * rate, this.bucket.tokens + ((now - this.bucket.at) / 1000) * rate);
    this.bucket.at = now;
    if (this.bucket.tokens >= 1) {
      this.bucket.tokens--;
      return undefined;
    }
    const retryAfter = Math.ceil(((1 - this.bucket.tokens) / rate) * 1000);
    return new ParleyError("rate_limited", `more than ${rate} messages a second`, {
      retry: true,
      retryAfter,
    });
  }

  private only(): string {
    const [channelId, ...others] = this.channels.keys();
    if (channelId === undefined || others.length > 0) {
      throw new ParleyError("channel_required", `${this.channels.size} channels are joined: name one`);
    }
    return channelId;
  }

  private up(session: Session): void {
    this.session = session;
    this.pass = session.guestToken ?? this.pass;
    this.way.up();
    this.turn("connected");
    if (this.presence) this.send(this.presence);
    for (const [channelId, channel] of this.channels) {
      channel.asked = "";
      this.subscribe(channelId, channel.place);
    }
    this.requests.resume();
    this.outbox.resume();
    this.events.emit("ready", session);
  }

  private down(why: ParleyError, retryIn: number | undefined): void {
    this.requests.broke();
    for (const channel of this.channels.values()) this.stopAcking(channel);
    if (retryIn === undefined) {
      this.end(why);
      return;
    }
    this.turn(this.session ? "reconnecting" : "connecting", why, retryIn);
  }

  private end(why: ParleyError): void {
    this.way.close();
    this.turn("closed", why);
    for (const channelId of [...this.channels.keys()]) this.forget(channelId, why);
    this.requests.close(why);
    this.outbox.close(why);
  }

  private turn(state: ConnectionState, error?: ParleyError, retryIn?: number): void {
    this.current = state;
    this.events.emit("connection", {
      state,
      ...(error && { error }),
      ...(retryIn !== undefined && { retryIn }),
    });
  }

  private forget(channelId: string, why: ParleyError): void {
    const channel = this.channels.get(channelId);
    if (!channel) return;
    this.channels.delete(channelId);
    this.states.get(channelId)?.reset();
    this.stopAcking(channel);
    for (const { reject } of channel.joining) reject(why);
  }

  private subscribe(channelId: string, place: Place): void {
    const channel = this.channels.get(channelId);
    if (channel?.asked !== "") return;
    const ref = `s${++this.asked}`;
    const sent = this.send({
      type: "subscribe",
      ref,
      channelId,
      position: place.position,
      presence: channel.presence,
      acks: true,
    });
    if (sent) channel.asked = ref;
  }

  private told(frame: Frame): void {
    this.options.debug?.("received", frame);
    if (frame.type === "subscribed") {
      this.subscribed(frame);
      return;
    }
    if (isLogged(frame)) {
      this.logged(frame);
      return;
    }
    const error = frame.type === "error" ? errorOf(frame) : undefined;
    if (this.outbox.answered(frame, error) || this.requests.answered(frame, error)) return;
    if (error) {
      this.refused(frame, error);
      return;
    }
    this.signalled(frame);
  }

  private signalled(frame: Frame): void {
    switch (frame.type) {
      case "typing":
      case "presence":
      case "level":
      case "delivered":
      case "read":
      case "signal":
      case "call.state":
        this.events.emit(frame.type, frame as never);
        return;
      case "dropped":
        this.forget(frame.channelId ?? "", errorOf(frame));
        this.events.emit("dropped", { channelId: frame.channelId ?? "", error: errorOf(frame) });
    }
  }

  private subscribed(frame: Frame): void {
    const channelId = frame.channelId ?? "";
    const from = parsePosition(frame.position as string);
    if (!from) return;
    let channel = this.channels.get(channelId);
    if (!channel) {
      if (frame.direct !== true) return; // it was left meanwhile
      channel = { place: new Place(), presence: false, joining: [], asked: "", acked: 0, acking: undefined };
      this.channels.set(channelId, channel);
    }
    if (frame.ref === channel.asked) channel.asked = "";
    channel.place.begin(from);
    channel.acked = from.seq;
    const joined = frame as unknown as Joined;
    for (const { resolve } of channel.joining.splice(0)) resolve(joined);
  }

  /** A subscribe was refused, or something that nobody waits for. */
  private refused(frame: Frame, error: ParleyError): void {
    const channelId = frame.channelId ?? "";
    const channel = this.channels.get(channelId);
    if (!channel || frame.ref !== channel.asked) {
      this.events.emit("error", error);
      return;
    }
    channel.asked = "";
    if (error.expired) {
      const from = parsePosition(error.expired.oldest);
      if (from) channel.place.restart(from);
      this.states.get(channelId)?.renew();
      this.events.emit("expired", { channelId, ...error.expired });
      this.subscribe(channelId, channel.place);
    } else if (error.retry) {
      after(error.retryAfter ?? 1000, () => this.subscribe(channelId, channel.place));
    } else {
      this.forget(channelId, error);
      this.events.emit("dropped", { channelId, error });
    }
  }

  private logged(frame: Frame & { channelId: string; seq: number }): void {
    const channel = this.channels.get(frame.channelId);
    if (channel?.asked !== "") return; // left, or about to be told again from its place
    switch (channel.place.take(frame.seq)) {
      case "gap":
        this.subscribe(frame.channelId, channel.place);
        return;
      case "next":
        this.acknowledge(frame.channelId, channel);
        if (frame.type === "message") frame.clientAck = true;
        this.events.emit("event", frame as never);
        if (frame.type in known) this.events.emit(frame.type as keyof typeof known, frame as never);
    }
  }

  /** Tells the server that this device has what it was sent, now and then. */
  private acknowledge(channelId: string, channel: Channel): void {
    channel.acking ??= after(ackEvery, () => {
      channel.acking = undefined;
      const seq = channel.place.seq ?? 0;
      if (seq > channel.acked && this.send({ type: "delivered", channelId, seq })) channel.acked = seq;
    });
  }

  private stopAcking(channel: Channel): void {
    channel.acking?.();
    channel.acking = undefined;
  }
}

/** The kinds of events that have listeners of their own. */
const known = {
  message: true,
  "message.update": true,
  "message.delete": true,
  reaction: true,
  pin: true,
  member: true,
  state: true,
  call: true,
} as const;

function closed(): ParleyError {
  return new ParleyError("closed", "the client was disconnected");
}

function after(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  return () => clearTimeout(timer);
}

/** A random UUID; browsers give one in secure contexts alone. */
function uuid(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, i) => {
    const b = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return b.toString(16).padStart(2, "0");
  }).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The address of the native protocol's WebSocket. */
function endpoint(given: string | undefined): string {
  const origin = typeof location === "undefined" ? "http://127.0.0.1:8080" : location.origin;
  const url = new URL(given ?? origin, origin);
  url.protocol = url.protocol.replace("http", "ws");
  if (url.pathname === "/") url.pathname = "/v1/ws";
  return url.toString();
}
