import { Emitter } from "../emitter";
import { ParleyError } from "../error";
import type { SetOptions } from "../state";
import type { Json } from "../types";
import type { DataChange, Participant, RoomEvents, TypingIndicator } from "./events";
import type { ChatMessage } from "./message";
import { Room } from "./room";

type Stop = () => void;

/**
 * What a component needs of a room, whichever client it is on. Listeners are the
 * controller's own: those that came before any client are kept, and go on with
 * the next. It is of the client that was made last; when that one is
 * disconnected, of the one before.
 */
export class RoomController {
  static #shared: RoomController | undefined;

  #fallback: (() => Room) | undefined;
  readonly #events = new Emitter<RoomEvents>();
  readonly #rooms: Room[] = [];
  readonly #watchers = new Map<(change: DataChange) => void, Stop | undefined>();
  #unfollow: Stop | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  /** `fallback` makes a room where one is needed before any was attached. */
  constructor(fallback?: () => Room) {
    this.#fallback = fallback;
  }

  /**
   * The page's controller. Where no `RoomsClient` is made in the same task in
   * which it is first listened to, it goes to the page's origin by itself, as a
   * guest, to the room `general`, until one is.
   */
  static get instance(): RoomController {
    RoomController.#shared ??= new RoomController(() => new Room({}));
    return RoomController.#shared;
  }

  /** Goes on with this room. The one that it made by itself is closed. */
  attach(room: Room): void {
    clearTimeout(this.#waiting);
    const own = this.#fallback && this.#rooms.pop();
    this.#fallback = undefined;
    this.#rooms.push(room);
    this.#turn();
    own?.close();
  }

  /** Goes on with the room before this one, if there is one. */
  detach(room: Room): void {
    const at = this.#rooms.indexOf(room);
    if (at < 0) return;
    this.#rooms.splice(at, 1);
    this.#turn();
  }

  get isConnected(): boolean {
    return this.#room?.core.isConnected ?? false;
  }

  /**
   * Sends a text, or another JSON value, and is kept with the message as it was
   * stored. Without a connection it waits for one. Fails with a `ParleyError`:
   * `rate_limited` above 5 a second, `too_large` above 64 KiB, `invalid` if it is
   * no JSON, `forbidden`, `muted` or `banned` where one may not send.
   */
  async sendChatMessage(message: Json): Promise<ChatMessage> {
    const room = this.#begin();
    if (!room) throw new ParleyError("closed", "there is no client any more");
    return room.send(message);
  }

  /** For each sign of it. It ends 3 s after the last one, and when a message is sent. */
  startTyping(): void {
    this.#begin()?.startTyping();
  }

  stopTyping(): void {
    this.#room?.stopTyping();
  }

  /** Who types, but for oneself. */
  get typingUsers(): string[] {
    return this.#room?.typingUsers ?? [];
  }

  /** What this session has received, each message once, in the order of their time. */
  getChatHistory(): ChatMessage[] {
    return this.#room?.history.all() ?? [];
  }

  clearChatHistory(): void {
    this.#room?.history.clear();
  }

  /** Every message of the room from now on, one's own too. */
  onChatMessage(listener: (message: ChatMessage) => void): Stop {
    return this.#on("chat", listener);
  }

  /** A message of this session's history has another text. */
  onChatMessageEdited(listener: (message: ChatMessage) => void): Stop {
    return this.#on("edited", listener);
  }

  onChatMessageDeleted(listener: (message: { messageId: string }) => void): Stop {
    return this.#on("deleted", listener);
  }

  /** Somebody else types; told about once a second as long as they do. */
  onTypingIndicator(listener: (indicator: TypingIndicator) => void): Stop {
    return this.#on("typing", listener);
  }

  /** Somebody who typed has sent it, has stopped, or has given no sign of it for 3 s. */
  onTypingStopped(listener: (indicator: TypingIndicator) => void): Stop {
    return this.#on("typingStopped", listener);
  }

  /** Who comes to listen when the connection is there is told so too, soon afterwards. */
  onConnected(listener: () => void): Stop {
    const stop = this.#on("connected", listener);
    let live = this.isConnected;
    if (live) queueMicrotask(() => live && listener());
    return () => {
      live = false;
      stop();
    };
  }

  onDisconnected(listener: (why: { error?: ParleyError }) => void): Stop {
    return this.#on("disconnected", listener);
  }

  /** Another attempt is made after so many milliseconds. */
  onReconnecting(listener: (attempt: { retryIn: number }) => void): Stop {
    return this.#on("reconnecting", listener);
  }

  /** The connection is back, and what was missed is on its way. */
  onReconnected(listener: () => void): Stop {
    return this.#on("reconnected", listener);
  }

  /** What nobody waits for was refused: joining the room, for one. */
  onError(listener: (error: ParleyError) => void): Stop {
    return this.#on("error", listener);
  }

  /** Somebody came to the room, went (`offline`), or changed. */
  onPresence(listener: (participant: Participant) => void): Stop {
    return this.#on("presence", listener);
  }

  /** Who is in the room, oneself too. */
  getParticipants(): Participant[] {
    return this.#room?.participants ?? [];
  }

  /** Anybody, here or not, with the time when they were last seen. */
  async getPresence(userId: string): Promise<Participant> {
    return this.#need().presenceOf(userId);
  }

  setPresence(presence: { status?: "online" | "away"; custom?: string | null }): void {
    this.#begin()?.core.setPresence(presence);
  }

  /** A key of the state that all clients of the room share. */
  async getData(key: string): Promise<Json | undefined> {
    return this.#need().data(key);
  }

  /** Sets a key for all, and is kept with its version. With `if`, a version, it fails with `version_conflict`. */
  async setData(key: string, value: Json, options?: SetOptions): Promise<number> {
    return this.#need().setData(key, value, options);
  }

  async deleteData(key: string): Promise<void> {
    return this.#need().deleteData(key);
  }

  /** Every key that there is, and then each change. */
  onDataChange(listener: (change: DataChange) => void): Stop {
    const mine = (change: DataChange) => listener(change); // its own, also where one listens twice
    this.#watchers.set(mine, this.#room?.watchData(mine));
    this.#beginSoon();
    return () => {
      this.#watchers.get(mine)?.();
      this.#watchers.delete(mine);
    };
  }

  #on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): Stop {
    this.#beginSoon();
    return this.#events.on(name, listener);
  }

  get #room(): Room | undefined {
    return this.#rooms.at(-1);
  }

  #need(): Room {
    const room = this.#begin();
    if (!room) throw new ParleyError("closed", "there is no client any more");
    return room;
  }

  /** The room, by oneself if there is no other way. */
  #begin(): Room | undefined {
    clearTimeout(this.#waiting);
    if (!this.#room && this.#fallback) {
      this.#rooms.push(this.#fallback());
      this.#turn();
    }
    return this.#room;
  }

  /** Leaves whoever makes a client in this task, or has it made by an effect, the time to. */
  #beginSoon(): void {
    if (this.#room || !this.#fallback) return;
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#begin(), 0);
  }

  /** Listens to the room that is the controller's now, and to no other. */
  #turn(): void {
    this.#unfollow?.();
    const room = this.#room;
    this.#unfollow = room?.follow((name, event) => this.#events.emit(name, event));
    for (const [watcher, stop] of this.#watchers) {
      stop?.();
      this.#watchers.set(watcher, room?.watchData(watcher));
    }
    if (room?.core.isConnected) this.#events.emit("connected", undefined);
  }
}
