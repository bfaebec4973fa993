import type { ClientEvents } from "../events";
import { Client, type ErrorCode, type Message, ParleyError, type SendStatus } from "../index";
import { Recent } from "../recent";
import { uuid } from "../uuid";
import { readFrame } from "./frames";
import {
  type ConversationMessage,
  contentOf,
  type MessageContent,
  type StoredMessage,
  storedMessage,
  temporary,
} from "./message";
import { messagesBetween } from "./missing";
import { opened } from "./open";
import type { ConversationOptions } from "./options";
import type { SequenceRange } from "./ordering";
import { OwnMessages } from "./own";
import { PendingReads } from "./reads";
import { ReadReceiptManager } from "./receipts";
import { ConversationSocket } from "./socket";
import { uploadFile } from "./upload";

type Handler<Args extends unknown[]> = ((...args: Args) => void) | undefined;

/** So many ids of messages are remembered, so that none is told of twice. */
const remembered = 10_000;

/** One conversation, as one user sees it. What happens is told by the `on…` properties. */
export class ConversationClient {
  /** A message of one's own is on its way, under a temporary id. */
  onMessageSent: Handler<[message: ConversationMessage]>;
  /** A message of somebody else's, or of another device of one's own. */
  onMessageReceived: Handler<[message: StoredMessage]>;
  /** A message of one's own is stored, and has its id from now on. */
  onMessageAck: Handler<[tempId: string, messageId: string, sequence: number]>;
  /** How far one of one's own has come; of one that failed, the temporary id and the reason. */
  onMessageStatus: Handler<[messageId: string, status: SendStatus, error?: ParleyError]>;
  onMessageEdited: Handler<[messageId: string, text: MessageContent]>;
  onMessageDeleted: Handler<[messageId: string]>;
  /** Somebody else types; told about once a second as long as they do. */
  onTyping: Handler<[userId: string]>;
  onTypingStop: Handler<[userId: string]>;
  /** Somebody else has read a message, and with it all before it. */
  onRead: Handler<[userId: string, messageId: string]>;
  onConnection: Handler<[change: ClientEvents["connection"]]>;
  /** What nobody waits for was refused. */
  onError: Handler<[error: ParleyError]>;

  /** The client that does it all, for what a conversation leaves out. */
  readonly core: Client;
  /** For what was written for a WebSocket to the conversation's door. */
  readonly socket: ConversationSocket;
  /** When one's own messages were sent, delivered and read. */
  readonly receipts: ReadReceiptManager;

  readonly #own = new OwnMessages();
  readonly #seen = new Recent(remembered);
  readonly #reads: PendingReads;
  readonly #stops: (() => void)[] = [];
  readonly #shared: boolean;
  #isClosed = false;

  constructor(
    readonly userId: string,
    readonly conversationId: string,
    { client, ...options }: ConversationOptions = {},
  ) {
    this.#shared = client !== undefined;
    this.core = client ?? new Client({ ...options, userId });
    this.#reads = new PendingReads({
      send: (id) => this.core.ackRead(conversationId, id),
      refused: (error) => this.#refused(error),
    });
    this.socket = new ConversationSocket({
      userId,
      url: options.url ?? "",
      state: () => (this.#isClosed ? 3 : this.core.isConnected ? 1 : 0),
      take: (data) => this.#take(data),
      close: () => this.close(),
    });
    this.receipts = new ReadReceiptManager(this.socket);
    this.#stops.push(opened(conversationId, this.core));
    this.#listen();
    this.core.joinChannel(conversationId).catch((error: ParleyError) => this.#refused(error));
  }

  get isConnected(): boolean {
    return !this.#isClosed && this.core.isConnected;
  }

  /**
   * Sends a text, a file or another object, and gives the message as it is to be
   * shown at once. Without a connection it waits for one. How it fares is told by
   * `onMessageAck` and `onMessageStatus`.
   */
  sendMessage(content: MessageContent): ConversationMessage {
    const nonce = temporary + uuid();
    const message = this.#begin(nonce, content);
    const draft = typeof content === "string" ? { text: content } : { body: content };
    this.core.sendMessage(this.conversationId, { ...draft, nonce }).then(
      (stored) => this.#acked(nonce, stored),
      (error: ParleyError) => this.#failed(nonce, error),
    );
    return { ...message };
  }

  /**
   * A page of messages, the oldest first: the last ones, or the last below the seq
   * `before`. None of them comes by `onMessageReceived` afterwards.
   */
  async getHistory(page: { limit?: number; before?: number } = {}): Promise<StoredMessage[]> {
    return this.#given(await this.core.getHistory(this.conversationId, page));
  }

  /** The messages with these numbers, one's own too, and which of them are no longer kept. */
  async getMissing(range: SequenceRange): Promise<{ messages: StoredMessage[]; gaps: SequenceRange[] }> {
    const { messages, gaps } = await messagesBetween(this.core, this.conversationId, range);
    return { messages: this.#given(messages), gaps };
  }

  /** Tells the others that this user has read a message; without a connection, when there is one. */
  markRead(messageId: string): void {
    this.#reads.add(messageId);
  }

  /** Uploads a file to the conversation, and is kept with its url. `onProgress` is told percents. */
  uploadFile(file: Blob, onProgress?: (percent: number) => void, signal?: AbortSignal): Promise<string> {
    const options = { client: this.core, ...(signal && { signal }) };
    return uploadFile(file, this.conversationId, onProgress, options);
  }

  /** Ends it: nothing is told any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#reads.close();
    if (!this.#shared) this.core.disconnect();
    this.socket.closed();
  }

  #listen(): void {
    const { core } = this;
    this.#stops.push(
      core.on("connection", (change) => {
        if (change.state === "connected") this.socket.opened();
        this.onConnection?.(change);
        if (change.state === "closed") this.close();
      }),
      core.on("error", (error) => this.#refused(error)),
    );
    this.#on("status", (status) => this.#progress(status));
    this.#on("message", (m) => this.#received(m));
    this.#on("message.update", ({ id, newText, body }) => {
      if (newText === undefined) return; // it was deleted since
      this.#edited(id, contentOf({ text: newText, ...(body !== undefined && { body }) }));
    });
    this.#on("message.delete", ({ id }) => this.#deleted(id));
    this.#on("typing", ({ userId, typing }) => {
      if (this.#isSelf(userId)) return; // on another device
      this.#tell({ type: typing ? "typing" : "typing_stop", userId });
      if (typing) this.onTyping?.(userId);
      else this.onTypingStop?.(userId);
    });
    this.#on("read", ({ userId, id }) => {
      if (this.#isSelf(userId) || id === undefined) return;
      this.#tell({ type: "read", userId, messageId: id });
      this.onRead?.(userId, id);
    });
    this.#on("dropped", ({ error }) => this.#refused(error));
  }

  /** Listens to what concerns this conversation. */
  #on<
    Name extends "status" | "message" | "message.update" | "message.delete" | "typing" | "read" | "dropped",
  >(name: Name, listener: (event: ClientEvents[Name]) => void): void {
    const stop = this.core.on(name, (event) => {
      if (event.channelId === this.conversationId) listener(event);
    });
    this.#stops.push(stop);
  }

  #isSelf(userId: string): boolean {
    return userId === (this.core.userId ?? this.userId);
  }

  /** Shows a message before it is stored. */
  #begin(nonce: string, text: MessageContent): ConversationMessage {
    const message: ConversationMessage = {
      id: nonce,
      conversationId: this.conversationId,
      senderId: this.userId,
      text,
      timestamp: Date.now(),
      status: "sending",
    };
    this.#own.set(nonce, message);
    this.onMessageSent?.({ ...message });
    return message;
  }

  #progress({ nonce, status, draft, message, error }: ClientEvents["status"]): void {
    switch (status) {
      case "sending": // for what was left by a page before this one
        if (!this.#own.get(nonce) && draft) this.#begin(nonce, contentOf(draft));
        return;
      case "sent":
        if (message) this.#acked(nonce, message);
        return;
      case "failed":
        if (error) this.#failed(nonce, error);
        return;
      default:
        if (!message) return;
        if (status === "read") this.receipts.markMessageReadByOthers(message.id);
        else this.receipts.markMessageDelivered(message.id);
        this.onMessageStatus?.(message.id, status);
    }
  }

  #acked(nonce: string, stored: Message): void {
    const message = this.#own.get(nonce);
    if (this.#isClosed || message?.status !== "sending") return;
    message.status = "sent";
    this.#seen.add(stored.id);
    this.receipts.markMessageSent(stored.id);
    this.#tell({ type: "message_ack", tempId: nonce, messageId: stored.id, sequence: stored.sequence });
    this.onMessageAck?.(nonce, stored.id, stored.sequence);
    this.onMessageStatus?.(stored.id, "sent");
  }

  #failed(nonce: string, error: ParleyError): void {
    const message = this.#own.get(nonce);
    if (this.#isClosed || message?.status !== "sending") return;
    message.status = "failed";
    this.#tell({ type: "error", code: error.code, message: error.message, tempId: nonce });
    this.onMessageStatus?.(nonce, "failed", error);
  }

  #received(m: Message): void {
    const own = this.#isSelf(m.senderId);
    if (own && this.#own.get(m.nonce)) return; // its acknowledgement says all
    if (!this.#seen.add(m.id)) {
      // The log was read again from an earlier place: what may have changed since is told.
      if (m.deletedAt !== undefined) this.#deleted(m.id);
      else if (m.editedAt !== undefined) this.#edited(m.id, contentOf(m));
      return;
    }
    const message = storedMessage(m, this.userId);
    if (own) this.receipts.markMessageSent(m.id);
    this.#tell({ type: "message", message });
    this.onMessageReceived?.(message);
  }

  #edited(id: string, text: MessageContent): void {
    this.#tell({ type: "edited", id, text });
    this.onMessageEdited?.(id, text);
  }

  #deleted(id: string): void {
    this.#tell({ type: "deleted", id });
    this.onMessageDeleted?.(id);
  }

  /** Messages that were asked for, and so will not be told of. */
  #given(messages: readonly Message[]): StoredMessage[] {
    for (const m of messages) {
      this.#seen.add(m.id);
      if (this.#isSelf(m.senderId)) this.receipts.markMessageSent(m.id);
    }
    return messages.map((m) => storedMessage(m, this.userId));
  }

  /** Takes what was sent over the socket. */
  #take(data: string): void {
    const error = this.#done(readFrame(data));
    if (error) this.#refused(new ParleyError(...error));
  }

  /** Does what a frame asks for, or says why not. */
  #done(frame: ReturnType<typeof readFrame>): [code: ErrorCode, message: string] | undefined {
    if (!frame) return ["malformed", "a frame is a JSON object with a type"];
    const { type, userId = this.userId, conversationId = this.conversationId, messageId } = frame;
    if (userId !== this.userId) return ["foreign_sender", `this is the socket of ${this.userId}`];
    if (conversationId !== this.conversationId)
      return ["not_subscribed", `this is the socket of ${this.conversationId}`];
    switch (type) {
      case "typing_start":
        this.core.startTyping(conversationId);
        return undefined;
      case "typing_stop":
        this.core.stopTyping(conversationId);
        return undefined;
      case "read_receipt":
        if (typeof messageId !== "string") return ["invalid", "a read_receipt names its messageId"];
        this.markRead(messageId);
        return undefined;
      default:
        return ["unknown_type", "the types are typing_start, typing_stop and read_receipt"];
    }
  }

  #refused(error: ParleyError): void {
    if (this.#isClosed) return;
    this.#tell({ type: "error", code: error.code, message: error.message });
    this.onError?.(error);
  }

  #tell(frame: { type: string; [member: string]: unknown }): void {
    this.socket.tell({ ...frame, conversationId: this.conversationId });
  }
}
