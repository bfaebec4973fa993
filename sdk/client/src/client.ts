import { Channels, type Joined, type JoinOptions } from "./channels";
import { after } from "./clock";
import { Emitter } from "./emitter";
import { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Frame, isLogged, parsePosition } from "./frame";
import { type Credentials, errorOf, Link, type Session, type Socket } from "./link";
import type { ClientOptions } from "./options";
import { Outbox } from "./outbox";
import { Requests } from "./requests";
import { SharedState } from "./state";
import type { Call, ConnectionState, Cursor, Json, LogEvent, Message, Presence } from "./types";
import { uuid } from "./uuid";
import { Way } from "./way";

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

/** A client that is connected, comes back by itself, and misses nothing. */
export class Client {
  private readonly events = new Emitter<ClientEvents>();
  private readonly channels: Channels;
  private readonly outbox: Outbox;
  private readonly requests: Requests;
  private readonly way: Way;
  private readonly link: Link;
  private readonly bucket: { tokens: number; at: number };
  private current: ConnectionState = "connecting";
  private session: Session | undefined;
  private pass: string | undefined; // of the guest that the server made of us
  private readonly states = new Map<string, SharedState>();
  private presence: Frame | undefined; // said again on each connection

  constructor(private readonly options: ClientOptions = {}) {
    const send = (frame: Frame) => this.send(frame);
    this.requests = new Requests({ send, after });
    this.channels = new Channels({
      send,
      events: this.events,
      lost: (channelId, again) => {
        const state = this.states.get(channelId);
        if (again) state?.renew();
        else state?.reset();
      },
    });
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
    return this.channels.join(channelId, options);
  }

  /** Ends the subscription. */
  async leaveChannel(channelId: string): Promise<void> {
    if (!this.channels.has(channelId)) return;
    this.channels.leave(channelId, closed());
    if (this.isConnected) await this.requests.ask({ type: "unsubscribe", channelId }, true);
  }

  /** Sends a message, and is kept with the message as it was stored. Without a connection it waits for one. */
  async sendMessage(channelId: string, draft: Draft | string): Promise<Message> {
    const { nonce = uuid(), ...content } = typeof draft === "string" ? { text: draft } : draft;
    const limited = this.limit();
    if (limited) throw limited;
    this.events.emit("status", { channelId, nonce, status: "sending", draft: content });
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
    const [channelId, since] = args.length === 2 ? args : [this.channels.only(), args[0]];
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
    const cursor = answer.cursor as Cursor;
    // The server tells all connections but this one.
    this.events.emit("read", { channelId, userId: this.userId ?? "", seq: cursor.read, id: messageId });
    return cursor;
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

  private up(session: Session): void {
    this.session = session;
    this.pass = session.guestToken ?? this.pass;
    this.way.up();
    this.turn("connected");
    if (this.presence) this.send(this.presence);
    this.channels.resume();
    this.requests.resume();
    this.outbox.resume();
    this.events.emit("ready", session);
  }

  private down(why: ParleyError, retryIn: number | undefined): void {
    this.requests.broke();
    this.channels.broke();
    if (retryIn === undefined) {
      this.end(why);
      return;
    }
    this.turn(this.session ? "reconnecting" : "connecting", why, retryIn);
  }

  private end(why: ParleyError): void {
    this.way.close();
    this.turn("closed", why);
    this.channels.close(why);
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

  private told(frame: Frame): void {
    this.options.debug?.("received", frame);
    if (frame.type === "subscribed") {
      this.channels.subscribed(frame);
      return;
    }
    if (isLogged(frame)) {
      this.channels.logged(frame);
      return;
    }
    const error = frame.type === "error" ? errorOf(frame) : undefined;
    if (this.outbox.answered(frame, error) || this.requests.answered(frame, error)) return;
    if (error) {
      if (!this.channels.refused(frame, error)) this.events.emit("error", error);
      return;
    }
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
        this.channels.dropped(frame.channelId ?? "", errorOf(frame));
    }
  }
}

function closed(): ParleyError {
  return new ParleyError("closed", "the client was disconnected");
}

/** The address of the native protocol's WebSocket. */
function endpoint(given: string | undefined): string {
  const origin = typeof location === "undefined" ? "http://127.0.0.1:8080" : location.origin;
  const url = new URL(given ?? origin, origin);
  url.protocol = url.protocol.replace("http", "ws");
  if (url.pathname === "/") url.pathname = "/v1/ws";
  return url.toString();
}
