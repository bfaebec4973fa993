import type { ParleyError } from "../error";
import type { ClientEvents } from "../events";
import { Client, type Draft } from "../index";
import type { ClientOptions } from "../options";
import type { SetOptions } from "../state";
import type { ConnectionState, Json } from "../types";
import { Typist } from "../typist";
import { draftOf } from "./draft";
import type { DataChange, Participant, RoomEvents, Tell } from "./events";
import { History } from "./history";
import { type ChatMessage, chatMessage, nameTag } from "./message";
import { Pace } from "./pace";
import { People, participant } from "./people";
import { Typists } from "./typists";

export interface RoomsOptions extends ClientOptions {
  /** Default `general`. */
  room?: string;
  /** Messages a second; more fail with `rate_limited`. Default 5; 0: no limit. */
  rate?: number;
  /** How many messages `getChatHistory` keeps. Default 1000. */
  historyLimit?: number;
}

/** One room, on a connection of its own, until it is closed. */
export class Room {
  readonly name: string;
  readonly core: Client;
  readonly history: History;
  readonly #pace: Pace;
  readonly #people = new People();
  readonly #typist: Typist;
  readonly #typists = new Typists((who) => this.#tell("typingStopped", who));
  readonly #tells = new Set<Tell>();
  readonly #joined: Promise<unknown>;
  readonly #tag: Pick<Draft, "meta">;
  #state: ConnectionState = "connecting";
  #userName: string | undefined; // as the server says

  constructor({ room = "general", rate = 5, historyLimit = 1000, ...options }: RoomsOptions) {
    this.name = room;
    this.#pace = new Pace(rate);
    this.history = new History(historyLimit);
    const { userName, userId, token, getToken } = options;
    const guest = userId === undefined && token === undefined && getToken === undefined;
    this.#tag = guest && userName !== undefined ? { meta: nameTag(userName) } : {};
    this.core = new Client({ ...options, rate: 0 }); // the room has its own
    this.#typist = new Typist({
      tell: (typing) => (typing ? this.core.startTyping(room) : this.core.stopTyping(room)),
    });
    this.#listen();
    this.#joined = this.core.joinChannel(room);
    this.#joined.catch((error: ParleyError) => {
      if (error.code !== "closed") this.#tell("error", error);
    });
  }

  /** Calls `tell` for everything that happens until the function that it returns is called. */
  follow(tell: Tell): () => void {
    this.#tells.add(tell);
    return () => {
      this.#tells.delete(tell);
    };
  }

  get participants(): Participant[] {
    return this.#people.all();
  }

  get typingUsers(): string[] {
    return this.#typists.ids;
  }

  async send(message: Json): Promise<ChatMessage> {
    const draft = draftOf(message);
    const tooFast = this.#pace.take();
    if (tooFast) throw tooFast;
    this.#typist.stop();
    const stored = await this.core.sendMessage(this.name, { ...draft, ...this.#tag });
    return chatMessage({ ...stored, ...(this.#userName !== undefined && { senderName: this.#userName }) });
  }

  startTyping(): void {
    if (this.core.isConnected) this.#typist.start();
  }

  stopTyping(): void {
    this.#typist.stop();
  }

  async presenceOf(userId: string): Promise<Participant> {
    return participant(await this.core.getPresence(userId));
  }

  async data(key: string): Promise<Json | undefined> {
    await this.#joined;
    return (await this.core.state(this.name).get(key))?.value;
  }

  async setData(key: string, value: Json, options?: SetOptions): Promise<number> {
    return this.core.state(this.name).set(key, value, options);
  }

  async deleteData(key: string): Promise<void> {
    return this.core.state(this.name).delete(key);
  }

  /** Calls `listener` for every key that there is and for each change, until the function that it returns is called. */
  watchData(listener: (change: DataChange) => void): () => void {
    let stop: (() => void) | undefined;
    let live = true;
    this.#joined.then(
      () => {
        if (!live) return;
        stop = this.core.state(this.name).subscribe((key, value) => listener({ key, ...value }));
      },
      () => {}, // whoever follows the room was told of it
    );
    return () => {
      live = false;
      stop?.();
    };
  }

  close(): void {
    this.#typist.forget();
    this.core.disconnect();
  }

  #tell<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    for (const tell of [...this.#tells]) tell(name, event);
  }

  #listen(): void {
    this.core.on("connection", (change) => this.#connection(change));
    this.core.on("ready", (session) => {
      this.#userName = session.userName;
    });
    this.core.on("error", (error) => this.#tell("error", error));
    this.#on("message", (m) => {
      this.#typists.end(m.senderId);
      if (m.deletedAt !== undefined) return;
      const message = chatMessage(m);
      if (this.history.add(message)) this.#tell("chat", message);
    });
    this.#on("message.update", ({ id, newText, body }) => {
      if (newText === undefined) return;
      const now = this.history.edit(id, ({ data: _, ...message }) => ({
        ...message,
        message: newText,
        ...(body !== undefined && { data: body }),
        edited: true,
      }));
      if (now) this.#tell("edited", now);
    });
    this.#on("message.delete", ({ id }) => {
      this.history.remove(id);
      this.#tell("deleted", { messageId: id });
    });
    this.#on("typing", ({ userId, userName, typing }) => {
      if (userId === this.core.userId) return; // on another of their devices
      const who = { userId, userName: userName ?? this.#people.name(userId) };
      if (typing) {
        this.#typists.sign(who);
        this.#tell("typing", who);
      } else {
        this.#typists.end(userId);
      }
    });
    this.#on("presence", (event) => {
      for (const p of this.#people.changed(event)) this.#tell("presence", p);
    });
    this.#on("level", ({ present, typing }) => {
      for (const p of this.#people.level(present ?? [])) this.#tell("presence", p);
      this.#typists.keep(new Set((typing ?? []).map((p) => p.userId)));
    });
    this.#on("dropped", ({ error }) => this.#tell("error", error));
  }

  /** Listens to what concerns this room. */
  #on<
    Name extends
      | "message"
      | "message.update"
      | "message.delete"
      | "typing"
      | "presence"
      | "level"
      | "dropped",
  >(name: Name, listener: (event: ClientEvents[Name]) => void): void {
    this.core.on(name, (event) => {
      if (event.channelId === this.name) listener(event);
    });
  }

  #connection({ state, error, retryIn = 0 }: ClientEvents["connection"]): void {
    const before = this.#state;
    this.#state = state;
    if (before === "connected") {
      this.#typist.forget();
      this.#typists.keep(new Set());
    }
    switch (state) {
      case "connected":
        this.#tell(before === "reconnecting" ? "reconnected" : "connected", undefined);
        return;
      case "reconnecting":
        if (before === "connected") this.#tell("disconnected", error ? { error } : {});
        this.#tell("reconnecting", { retryIn });
        return;
      case "closed":
        this.#tell("disconnected", error ? { error } : {});
    }
  }
}
