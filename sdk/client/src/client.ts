import { Address } from "./address";
import { Calls } from "./calls";
import { Channels, type Joined, type JoinOptions, type Loss } from "./channels";
import { after } from "./clock";
import { Connection } from "./connection";
import { Emitter } from "./emitter";
import { errorOf, ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Frame, isLogged } from "./frame";
import { History, type Page, type PageOptions } from "./history";
import { Identity } from "./identity";
import { Keeping, keeps } from "./keeping";
import type { Session } from "./link";
import type { ClientOptions } from "./options";
import { Outbox } from "./outbox";
import { Rate } from "./rate";
import { Receipts } from "./receipts";
import { Requests } from "./requests";
import { type Answer, type RequestOptions, Rest, type Target } from "./rest";
import { type Draft, Sender } from "./sender";
import { SharedState } from "./state";
import type { Call, ConnectionState, Cursor, Json, LogEvent, Message, Presence, SendStatus } from "./types";
import type { UploadedFile, UploadOptions } from "./upload";

export type { Draft } from "./sender";

/** A client that is connected, comes back by itself, and misses nothing. */
export class Client {
  readonly #events = new Emitter<ClientEvents>();
  readonly #identity: Identity;
  readonly #rest: Rest;
  readonly #requests: Requests;
  readonly #history: History;
  readonly #calls: Calls;
  readonly #channels: Channels;
  readonly #receipts: Receipts;
  readonly #outbox: Outbox;
  readonly #keeping: Keeping;
  readonly #sender: Sender;
  readonly #connection: Connection;
  readonly #states = new Map<string, SharedState>();
  #current: ConnectionState = "connecting";
  #session: Session | undefined;
  #presence: Frame | undefined; // said again on each connection

  constructor(options: ClientOptions = {}) {
    const send = (frame: Frame) => this.#connection.send(frame);
    const self = () => this.#session?.userId;
    const address = new Address(options.url);
    this.#identity = new Identity(options, (who) => this.#keeping.shown(who));
    this.#rest = new Rest(address, this.#identity);
    this.#requests = new Requests({ send, after });
    this.#history = new History(this.#requests);
    this.#calls = new Calls(this.#requests);
    this.#channels = new Channels({
      send,
      events: this.#events,
      ordering: options.ordering ?? true,
      begun: (channelId, place, head, own) => this.#receipts.cursors.begin(channelId, place, head, own),
      logged: (event, place) => this.#receipts.logged(event, place),
      lost: (channelId, why) => this.#lost(channelId, why),
    });
    this.#receipts = new Receipts({ events: this.#events, requests: this.#requests, rest: this.#rest, self });
    this.#outbox = new Outbox({
      send,
      after,
      most: options.maxQueue ?? 1000,
      kept: keeps(options),
      told: (draft, end) => this.#sender.told(draft, end),
    });
    this.#keeping = new Keeping(options, this.#outbox, address.socket, (error) =>
      this.#events.emit("error", error),
    );
    const rate = new Rate(options.rate ?? 5, Date.now);
    this.#sender = new Sender({ outbox: this.#outbox, rate, statuses: this.#receipts.statuses, self });
    this.#connection = new Connection(options, address, this.#identity, {
      up: (session) => this.#up(session),
      frame: (frame) => this.#told(frame),
      down: (why, retryIn) => this.#down(why, retryIn),
    });
    if (options.debug === true) this.#trace();
    this.#connection.start();
  }

  /** Calls `listener` for each event of this name until the function that it returns is called. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  get connectionState(): ConnectionState {
    return this.#current;
  }

  get isConnected(): boolean {
    return this.#current === "connected";
  }

  /** Who the server says that this is, since it first did. */
  get userId(): string | undefined {
    return this.#session?.userId;
  }

  /** How many messages and changes wait for the server's acknowledgement. */
  get queued(): number {
    return this.#outbox.length;
  }

  /** The messages that wait for the server's acknowledgement, in the order of each channel. */
  waiting(channelId?: string): { channelId: string; nonce: string; draft: Draft }[] {
    return this.#sender.waiting(channelId);
  }

  /**
   * Throws away what waits for the server's acknowledgement, of the user's other tabs too: it fails
   * with `closed`. What is under way just now may be stored all the same.
   */
  discardWaiting(): void {
    this.#outbox.discard(closed());
  }

  /** Subscribes to a channel, now and after each reconnection from where it was. */
  joinChannel(channelId: string, options: JoinOptions = {}): Promise<Joined> {
    if (this.#current === "closed") return Promise.reject(closed());
    return this.#channels.join(channelId, options);
  }

  /** Ends the subscription. */
  async leaveChannel(channelId: string): Promise<void> {
    if (!this.#channels.has(channelId)) return;
    this.#channels.leave(channelId, closed());
    if (this.isConnected) await this.#requests.ask({ type: "unsubscribe", channelId }, true);
  }

  /** Sends a message, and is kept with the message as it was stored. Without a connection it waits for one. */
  sendMessage(channelId: string, draft: Draft | string): Promise<Message> {
    return this.#sender.send(channelId, typeof draft === "string" ? { text: draft } : draft);
  }

  async editMessage(
    channelId: string,
    id: string,
    content: { text: string } | { body: Json } | string,
  ): Promise<void> {
    const changed = typeof content === "string" ? { text: content } : content;
    await this.#sender.commit({ type: "edit", channelId, id, ...changed });
  }

  async deleteMessage(channelId: string, id: string): Promise<void> {
    await this.#sender.commit({ type: "delete", channelId, id });
  }

  /** Adds a reaction of one's own to a message, or with `on: false` takes it away. */
  async react(channelId: string, id: string, reaction: string, on = true): Promise<void> {
    await this.#sender.commit({ type: "react", channelId, id, reaction, on });
  }

  async pin(channelId: string, id: string, on = true): Promise<void> {
    await this.#sender.commit({ type: "pin", channelId, id, on });
  }

  /**
   * A page of messages, the oldest first: an array with `head` and `more`. Of a channel that is
   * joined, the last page and what is told of fit together: what is in it was told of before, and
   * what is not is told of afterwards. Fails with `expired` where messages since the time that is
   * named are no longer kept.
   */
  async getHistory(channelId: string, page: PageOptions = {}): Promise<Page> {
    const { before, after, since, threadId } = page;
    const ask = () => this.#history.page(channelId, page);
    const end = (before ?? after ?? since ?? threadId) === undefined;
    const messages = await (end ? this.#channels.page(channelId, ask) : ask());
    for (const message of messages) this.#receipts.seen(message);
    return messages;
  }

  /** One message, in its present state; fails with `not_found` where it is no longer kept. */
  async getMessage(channelId: string, id: string): Promise<Message> {
    const path = `/v1/channels/${encodeURIComponent(channelId)}/messages/${encodeURIComponent(id)}`;
    return (await this.#rest.get(path)) as Message;
  }

  /**
   * Every event after a seq, or since a time: messages in their present state,
   * tombstones, changes. Fails with `expired` where some are no longer kept. The
   * channel may be left out while exactly one is joined.
   */
  getEventsSince(channelId: string, since: number | string | Date): Promise<LogEvent[]>;
  getEventsSince(since: number | Date): Promise<LogEvent[]>;
  async getEventsSince(...args: [string, number | string | Date] | [number | Date]): Promise<LogEvent[]> {
    const [channelId, since] = args.length === 2 ? args : [this.#channels.only(), args[0]];
    return this.#history.since(channelId, since);
  }

  /** Moves the user's read cursor to a message. It never moves back. */
  ackRead(channelId: string, messageId: string): Promise<Cursor> {
    return this.#receipts.read(channelId, messageId);
  }

  /**
   * How far each user has come in a channel that is followed, the own one too, as far as the server
   * told: a map that is never changed, and the same one until `on("cursors")` tells of another.
   */
  cursors(channelId: string): ReadonlyMap<string, Cursor> {
    return this.#receipts.cursors.of(channelId);
  }

  /** Asks for the cursors of who is away too: of a thousand users, at most. */
  getCursors(channelId: string): Promise<ReadonlyMap<string, Cursor>> {
    return this.#receipts.load(channelId);
  }

  /**
   * How many messages come after the user's read cursor, own and deleted ones included; undefined:
   * the channel is not followed. `on("cursors")` tells of another.
   */
  unread(channelId: string): number | undefined {
    return this.#receipts.cursors.unread(channelId);
  }

  /** How far a message of the user's has come; undefined: it is another's. */
  statusOf(message: Pick<Message, "channelId" | "senderId" | "seq">): SendStatus | undefined {
    return this.#receipts.statusOf(message);
  }

  /**
   * Sends a signal to whoever is in the channel now; `typing.start` and `typing.stop` are typing.
   * What else is in the event is its `data`, unless it has one.
   */
  publishEvent(
    channelId: string,
    event: { type: string; data?: Json; [member: string]: Json | undefined },
  ): void {
    const { type, data, ...others } = event;
    if (type === "typing.start" || type === "typing.stop") {
      this.#connection.send({ type: "typing", channelId, typing: type === "typing.start" });
      return;
    }
    const rest = Object.keys(others).length > 0 ? others : undefined;
    this.#connection.send({ type: "signal", channelId, event: type, data: data === undefined ? rest : data });
  }

  startTyping(channelId: string): void {
    this.publishEvent(channelId, { type: "typing.start" });
  }

  stopTyping(channelId: string): void {
    this.publishEvent(channelId, { type: "typing.stop" });
  }

  /**
   * The status of this device, which the user's other devices add to. Since when a user is gone is the
   * server's to say (`lastSeen`): `lastActive` may be given, and is not needed.
   */
  setPresence(presence: {
    status?: "online" | "away" | "offline";
    custom?: string | null;
    lastActive?: number | string | Date;
  }): void {
    const { lastActive: _, ...said } = presence;
    this.#presence = { type: "presence", ...said };
    this.#connection.send(this.#presence);
  }

  /** A user as others see them. */
  async getPresence(userId: string): Promise<Presence> {
    return (await this.#rest.get(`/v1/users/${encodeURIComponent(userId)}`)) as Presence;
  }

  /** The keys that all members of a channel share. */
  state(channelId: string): SharedState {
    let state = this.#states.get(channelId);
    if (!state) {
      state = new SharedState(channelId, {
        ask: (frame) => this.#requests.ask(frame, true),
        commit: (frame) => this.#sender.commit(frame),
        listen: (callback) =>
          this.#events.on("state", (event) => {
            if (event.channelId === channelId) callback(event);
          }),
        ready: (callback) => this.#events.on("ready", callback),
      });
      this.#states.set(channelId, state);
    }
    return state;
  }

  /**
   * Any operation of the REST API (`/v1/…`) as this user: its answer's JSON, or null where it has
   * none. A refusal is a ParleyError with the server's code.
   */
  async request(method: string, path: string, options?: RequestOptions): Promise<Json> {
    return (await this.#rest.request(method, path, options)) as Json;
  }

  /**
   * A request that `send` makes itself, where `request` is too narrow: it is told the address, the
   * headers that say who asks, and when to give up. It is called again with a fresh token where the
   * first is refused.
   */
  exchange(path: string, send: (target: Target) => Promise<Answer>, signal?: AbortSignal): Promise<unknown> {
    return this.#rest.ask(path, undefined, signal, send);
  }

  /** Uploads a file to a channel. Who may read the channel may have it, once a message names its `url`. */
  async upload(file: Blob | Uint8Array, options: UploadOptions): Promise<UploadedFile> {
    const { upload } = await import("./upload"); // not everybody has files
    return upload(this.#rest, file, options);
  }

  /** Rings another user. `data` is for the other side; the states come as `call.state`. */
  call(userId: string, options: { channelId?: string; data?: Json } = {}): Promise<Call> {
    return this.#calls.start(userId, options);
  }

  /** Moves a call on: the callee accepts, declines or is busy, either ends it. */
  answerCall(callId: string, how: "accept" | "decline" | "busy" | "end"): Promise<Call> {
    return this.#calls.answer(callId, how);
  }

  /** A call of the user's as it is now. */
  async getCall(callId: string): Promise<Call> {
    return (await this.#rest.get(`/v1/calls/${encodeURIComponent(callId)}`)) as Call;
  }

  /** Sends a signal to every device of a user, or to one by its session. */
  signal(to: { userId: string } | { sessionId: string }, event: string, data?: Json): void {
    this.#connection.send({ type: "signal", ...to, event, data });
  }

  /** Ends the connection and everything that waits. The client is of no use afterwards. */
  disconnect(): void {
    if (this.#current === "closed") return;
    this.#end(closed());
  }

  #up(session: Session): void {
    this.#session = session;
    this.#identity.admitted(session);
    this.#turn("connected");
    if (this.#presence) this.#connection.send(this.#presence);
    this.#channels.resume();
    this.#requests.resume();
    this.#keeping.up(session);
    this.#events.emit("ready", session);
  }

  #down(why: ParleyError, retryIn: number | undefined): void {
    this.#requests.broke();
    this.#channels.broke();
    this.#keeping.broke();
    if (retryIn === undefined) {
      this.#end(why);
      return;
    }
    this.#turn(this.#session ? "reconnecting" : "connecting", why, retryIn);
  }

  #end(why: ParleyError): void {
    this.#connection.close();
    this.#turn("closed", why);
    this.#channels.close(why);
    this.#requests.close(why);
    this.#rest.close(why);
    this.#outbox.close(why);
  }

  #turn(state: ConnectionState, error?: ParleyError, retryIn?: number): void {
    this.#current = state;
    this.#events.emit("connection", {
      state,
      ...(error && { error }),
      ...(retryIn !== undefined && { retryIn }),
    });
  }

  /** Writes down what happens to the connection and to messages. */
  #trace(): void {
    for (const name of ["connection", "joined", "event", "status", "expired", "dropped", "error"] as const) {
      this.on(name, (event) => console.debug("parley", name, event));
    }
  }

  #told(frame: Frame): void {
    if (frame.type === "subscribed") {
      this.#channels.subscribed(frame);
      return;
    }
    if (isLogged(frame)) {
      this.#channels.logged(frame);
      return;
    }
    const error = frame.type === "error" ? errorOf(frame) : undefined;
    if (this.#outbox.answered(frame, error) || this.#requests.answered(frame, error)) return;
    if (error) {
      if (!this.#channels.refused(frame, error)) this.#events.emit("error", error);
      return;
    }
    switch (frame.type) {
      case "level":
      case "delivered":
      case "read":
        this.#receipts.told(frame);
        break;
      case "typing":
      case "presence":
      case "signal":
      case "call.state":
      case "membership":
        break;
      case "dropped":
        this.#channels.dropped(frame.channelId ?? "", errorOf(frame));
        return;
      default:
        return; // the server is younger
    }
    this.#events.emit(frame.type, frame as never);
  }

  #lost(channelId: string, why: Loss): void {
    const state = this.#states.get(channelId);
    if (why === "left") state?.reset();
    else state?.renew();
    if (why !== "horizon") this.#receipts.forget(channelId);
  }
}

function closed(): ParleyError {
  return new ParleyError("closed", "the client was disconnected");
}
