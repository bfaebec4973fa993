import { type Client, type Message, ParleyError } from "@parley/client";
import { type Listed, listedOf } from "./listed";

/** The user's channels, the last active first. */
export interface InboxView {
  readonly channels: readonly Listed[];
  /** They were read from the server at least once. */
  readonly known: boolean;
  readonly error?: ParleyError;
}

/** So many channels are asked for at once, and so many pages of them at most. */
const pageSize = 200;
const mostPages = 10;

/**
 * After a change elsewhere the list is read again so much later, in milliseconds; and, since others can
 * make changes one after the other, not sooner than so long after the last time.
 */
const pause = 150;
const atMostEvery = 1000;

/**
 * The user's own channels with what is unread, kept up to date by what the client is told of: whoever
 * shows the list joins them. The list is read again on each connection, when a channel comes, goes or
 * is read elsewhere, and when somebody looks at the page again.
 */
export class Inbox {
  #view: InboxView = { channels: [], known: false };
  #stops: (() => void)[] = [];
  #reading: Promise<void> | undefined;
  #stale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readAt = 0;
  #meanwhile: Message[] = []; // what was said since the list is being read: it may not be in it
  readonly #listeners = new Set<() => void>();
  readonly #client: Client;

  constructor(client: Client) {
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

  readonly snapshot = (): InboxView => this.#view;

  /** Reads the list anew, and is kept when that is done or `error` says why not. */
  reload(): Promise<void> {
    this.#stale = true;
    this.#reading ??= this.#readAll();
    return this.#reading;
  }

  #start(): void {
    const client = this.#client;
    this.#stops = [
      client.on("ready", () => void this.reload()),
      client.on("message", (message) => this.#said(message)),
      client.on("cursors", ({ channelId }) => this.#counted(channelId)),
      client.on("dropped", () => this.#soon()),
      client.on("joined", ({ channelId }) => {
        if (!this.#view.channels.some((c) => c.id === channelId)) this.#soon();
      }),
      client.on("membership", () => this.#soon()),
      this.#lookAgain(),
    ];
    if (client.isConnected) void this.reload();
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #soon(): void {
    const wait = Math.max(pause, this.#readAt + atMostEvery - Date.now());
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.reload();
    }, wait);
  }

  #lookAgain(): () => void {
    const look = () => {
      if (document.visibilityState === "visible" && this.#client.isConnected) this.#soon();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#stale) await this.#read();
    } finally {
      this.#reading = undefined; // in the same step as the last look at what is stale
    }
  }

  async #read(): Promise<void> {
    this.#stale = false;
    this.#readAt = Date.now();
    this.#meanwhile = [];
    try {
      const channels = await this.#pages();
      const last = new Map(channels.map((channel) => [channel.id, channel.last?.seq ?? 0]));
      const newer = this.#meanwhile.filter((message) => message.seq > (last.get(message.channelId) ?? 0));
      this.#show({ channels, known: true });
      for (const message of newer) this.#said(message);
    } catch (error) {
      if (this.#stale) return;
      const why = error instanceof ParleyError ? error : new ParleyError("internal", String(error));
      this.#show({ ...this.#view, error: why });
    }
    this.#meanwhile = [];
  }

  async #pages(): Promise<Listed[]> {
    const me = this.#client.userId;
    if (me === undefined) throw new ParleyError("unavailable", "nobody is signed in yet", { retry: true });
    const all: Listed[] = [];
    let after: string | undefined;
    for (let n = 0; n < mostPages; n++) {
      const path = `/v1/users/${encodeURIComponent(me)}/channels`;
      const answer = await this.#client.request("GET", path, { query: { limit: pageSize, after } });
      const { channels, next } = listedOf(answer);
      all.push(...channels);
      if (next === undefined) break;
      after = next;
    }
    return all;
  }

  /** Moves the message's channel to the top. */
  #said(message: Message): void {
    if (this.#reading) this.#meanwhile.push(message);
    const { userId: me } = this.#client;
    this.#change(message.channelId, (channel) => {
      const named = message.senderId !== me && me !== undefined && message.mentions?.includes(me) === true;
      return {
        ...channel,
        last: message,
        activeAt: message.createdAt > channel.activeAt ? message.createdAt : channel.activeAt,
        unread: this.#client.unread(channel.id) ?? channel.unread + 1,
        mentions: channel.mentions + (named && message.seq > channel.read ? 1 : 0),
      };
    });
  }

  /** Takes over how much is unread, as far as the client knows. */
  #counted(channelId: string): void {
    const unread = this.#client.unread(channelId);
    const read = this.#client.cursors(channelId).get(this.#client.userId ?? "")?.read ?? 0;
    if (unread === undefined) return;
    this.#change(channelId, (channel) => {
      if (channel.unread === unread && channel.read >= read) return channel;
      if (unread > 0 && channel.mentions > 0 && read > channel.read) this.#soon(); // which of them are read, the server knows
      const mentions = unread === 0 ? 0 : channel.mentions;
      return { ...channel, unread, mentions, read: Math.max(read, channel.read) };
    });
  }

  #change(channelId: string, change: (channel: Listed) => Listed): void {
    let changed = false;
    const channels = this.#view.channels.map((channel) => {
      if (channel.id !== channelId) return channel;
      const next = change(channel);
      changed ||= next !== channel;
      return next;
    });
    if (changed) this.#show({ ...this.#view, channels });
  }

  #show(view: InboxView): void {
    const channels = [...view.channels].sort((a, b) => (a.activeAt < b.activeAt ? 1 : -1));
    this.#view = { ...view, channels };
    for (const listener of [...this.#listeners]) listener();
  }
}
