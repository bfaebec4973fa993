import { after } from "./clock";
import { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Position, parsePosition } from "./frame";
import type { Draft } from "./sender";
import { type Author, type ListedMessage, Timeline } from "./timeline";
import type { LogEvent, Message } from "./types";
import { uuid } from "./uuid";

/** What a list needs of a client. */
export interface MessageSource extends Author {
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void;
  getHistory(
    channelId: string,
    page: { limit?: number; before?: number },
  ): Promise<{ messages: Message[]; head: string; more: boolean }>;
  getEventsSince(channelId: string, since: number): Promise<LogEvent[]>;
  sendMessage(channelId: string, draft: Draft): Promise<Message>;
  /** What is on its way to the channel already, in its order. */
  waiting(channelId: string): readonly { nonce: string; draft: Draft }[];
}

export interface MessageListOptions {
  /** How many messages a page has. Default 50. */
  limit?: number;
  /** How many stored messages are held at most: the oldest are dropped, and can be loaded again. Default: all. */
  most?: number;
}

/** A list as it is at one moment. It and all that it holds are never changed. */
export interface MessagesView {
  /** Those of the log in the order of `seq`, then one's own on their way. The same array until something changes. */
  readonly messages: readonly ListedMessage[];
  /** There are older ones than the first. */
  readonly hasOlder: boolean;
  /** A page is on its way. */
  readonly loading: boolean;
  /** Why the last page could not be had. The first one is asked for again by itself. */
  readonly error?: ParleyError;
}

/** Before what was refused for now is asked again, unless the server says how long. */
const patience = 1000;

const nothing: MessagesView = { messages: [], hasOlder: false, loading: false };

/**
 * A channel's messages, kept up to date: the last page, older ones on demand, and
 * everything that the log says from there on. It follows the channel from the
 * first `subscribe` until the last subscriber has gone, and forgets it then. The
 * channel is to be joined by whoever makes the list.
 *
 * Pages and events may come in any order and overlap. Events are applied in the
 * order of the log, and where one is missing between a page and what is live, the
 * list asks for it.
 */
export class MessageList {
  #timeline: Timeline;
  readonly #listeners = new Set<() => void>();
  readonly #limit: number;
  #stops: (() => void)[] = [];
  #view: MessagesView = nothing;
  #stale = false; // the view is older than the timeline
  #told = false; // listeners are about to be told
  #round = 0; // tells the answers of a list that began again from those of this one
  #head: Position | undefined; // everything up to here was taken in; undefined: nothing was loaded
  #live = false; // events are taken in as they come
  #behind: LogEvent[] | undefined; // or wait, in order, for what comes before them
  #levelAt: Position | undefined; // what the server said that we have
  #paging: { done: Promise<void>; since: LogEvent[] } | undefined; // an older page, and the events since it was asked for
  #anew = false; // what is held is to be replaced by the next page
  #error: ParleyError | undefined;
  #again: (() => void) | undefined; // stops the timer of the next attempt
  readonly #source: MessageSource;
  readonly #options: MessageListOptions;

  constructor(
    source: MessageSource,
    readonly channelId: string,
    options: MessageListOptions = {},
  ) {
    this.#source = source;
    this.#options = options;
    this.#limit = options.limit ?? 50;
    this.#timeline = new Timeline(source);
  }

  /** Calls `listener` after each change until the function that it returns is called. */
  subscribe(listener: () => void): () => void {
    const mine = () => listener();
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(mine);
    return () => {
      if (this.#listeners.delete(mine) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** The list now; the same object until something changes. */
  get snapshot(): MessagesView {
    if (!this.#stale) return this.#view;
    this.#stale = false;
    this.#view = {
      messages: this.#timeline.messages,
      hasOlder: this.#head !== undefined && this.#timeline.oldest > 0,
      loading: this.#behind !== undefined || this.#paging !== undefined,
      ...(this.#error && { error: this.#error }),
    };
    return this.#view;
  }

  /** Loads the page before the first message, and is kept in any case: `error` says what went wrong. */
  loadOlder(): Promise<void> {
    if (this.#paging) return this.#paging.done;
    if (!this.#live || !this.#head) {
      this.#resume();
      return Promise.resolve();
    }
    if (this.#timeline.oldest === 0) return Promise.resolve();
    const since: LogEvent[] = [];
    this.#error = undefined;
    this.#paging = { since, done: this.#older(this.#round, this.#head.epoch, since) };
    this.#changed();
    return this.#paging.done;
  }

  /**
   * Sends a message, which is shown at once, and is kept with it as it was
   * stored. That it failed is shown too: a rejection need not be caught.
   */
  send(draft: Draft | string): Promise<Message> {
    const { nonce = uuid(), ...content }: Draft = typeof draft === "string" ? { text: draft } : draft;
    const sent = this.#source.sendMessage(this.channelId, { nonce, ...content });
    sent.catch(() => {});
    return sent;
  }

  /** Sends one that failed again, as the same message. */
  retry(nonce: string): Promise<Message> {
    const failed = this.#timeline.failure(nonce);
    if (failed) return this.send({ ...failed.draft, nonce });
    return Promise.reject(new ParleyError("not_found", "no message that failed has this nonce"));
  }

  /** Takes one that failed off the list, and gives back what it was; undefined: there is no such one. */
  discard(nonce: string): Draft | undefined {
    const draft = this.#timeline.discard(nonce);
    if (draft) this.#changed();
    return draft;
  }

  #start(): void {
    const source = this.#source;
    const here = <E extends { channelId: string }>(then: (event: E) => void) => {
      return (event: E) => {
        if (event.channelId === this.channelId) then(event);
      };
    };
    this.#stops = [
      source.on(
        "event",
        here((event) => this.#logged(event)),
      ),
      source.on(
        "level",
        here((level) => this.#level(level)),
      ),
      source.on(
        "expired",
        here(() => this.#begin()),
      ),
      source.on(
        "status",
        here((status) => this.#status(status)),
      ),
      source.on(
        "cursors",
        here(() => this.#moved()),
      ),
      source.on("ready", () => this.#resume()),
    ];
    for (const { nonce, draft } of source.waiting(this.channelId)) this.#sending(nonce, draft);
    void this.#load();
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#again?.();
    this.#round++;
    this.#head = this.#behind = this.#levelAt = this.#paging = this.#error = this.#again = undefined;
    this.#live = this.#stale = this.#anew = false;
    this.#timeline = new Timeline(this.#source);
    this.#view = nothing;
  }

  /** Takes up again what a broken connection or a refusal has ended. */
  #resume(): void {
    if (this.#live || this.#behind) return;
    if (this.#head) void this.#fill(this.#head);
    else void this.#load();
  }

  /** What is held is worth nothing any more. It is shown until there is something else. */
  #begin(): void {
    this.#anew = true;
    void this.#load();
  }

  /** Gets the last page, and begins with it. */
  async #load(): Promise<void> {
    const round = this.#wait();
    this.#head = undefined;
    this.#behind = [];
    try {
      const page = await this.#source.getHistory(this.channelId, { limit: this.#limit });
      if (round !== this.#round) return;
      if (this.#anew) this.#timeline.clear();
      this.#anew = false;
      this.#timeline.addPage(page.messages, page.more);
      this.#head = parsePosition(page.head) ?? { epoch: "", seq: 0 };
      this.#release();
    } catch (error) {
      if (round === this.#round) this.#failed(error);
    }
  }

  /** Gets what lies between what was taken in and what is live. */
  async #fill(from: Position): Promise<void> {
    const round = this.#wait();
    this.#behind ??= [];
    try {
      const events = await this.#source.getEventsSince(this.channelId, from.seq);
      if (round !== this.#round) return;
      for (const event of events) this.#take(event);
      this.#release();
    } catch (error) {
      if (round !== this.#round) return;
      if (error instanceof ParleyError && error.expired) this.#begin();
      else this.#failed(error);
    }
  }

  /** Takes no event in until what comes before it is there; whatever else was asked for is not waited for. */
  #wait(): number {
    this.#again?.();
    this.#again = this.#paging = this.#error = undefined;
    this.#live = false;
    this.#changed();
    return ++this.#round;
  }

  /** What comes before is there: what has waited for it is next. */
  #release(): void {
    const waiting = this.#behind ?? [];
    this.#behind = undefined;
    this.#live = true;
    for (const event of waiting) this.#logged(event);
    this.#look();
    this.#changed();
  }

  /** What comes before cannot be had: the answer to another attempt will hold what has waited. */
  #failed(error: unknown): void {
    this.#error =
      error instanceof ParleyError
        ? error
        : new ParleyError("internal", error instanceof Error ? error.message : String(error));
    this.#behind = undefined;
    if (!this.#live && this.#error.retry) {
      this.#again = after(this.#error.retryAfter ?? patience, () => this.#resume());
    }
    this.#changed();
  }

  async #older(round: number, epoch: string, since: LogEvent[]): Promise<void> {
    try {
      const before = this.#timeline.oldest;
      const page = await this.#source.getHistory(this.channelId, { limit: this.#limit, before });
      if (round !== this.#round) return;
      this.#paging = undefined;
      if (parsePosition(page.head)?.epoch !== epoch) {
        this.#begin();
        return;
      }
      this.#timeline.addPage(page.messages, page.more);
      for (const event of since) this.#timeline.apply(event); // the page may have been read before them
      this.#changed();
    } catch (error) {
      if (round !== this.#round) return;
      this.#paging = undefined;
      this.#failed(error);
    }
  }

  #logged(event: LogEvent): void {
    if (this.#behind) {
      this.#behind.push(event);
    } else if (this.#live && this.#head && event.seq > this.#head.seq + 1) {
      this.#behind = [event];
      void this.#fill(this.#head);
    } else if (this.#live) {
      this.#take(event);
    }
  }

  #take(event: LogEvent): void {
    this.#timeline.apply(event);
    this.#paging?.since.push(event);
    if (this.#head && event.seq > this.#head.seq) this.#head = { ...this.#head, seq: event.seq };
    if (this.#options.most !== undefined && !this.#paging) this.#timeline.trim(this.#options.most);
    this.#changed();
  }

  #level(level: ClientEvents["level"]): void {
    this.#levelAt = parsePosition(level.position);
    this.#look();
  }

  /** Notices what was logged after the page was read and before the channel was followed. */
  #look(): void {
    const [head, at] = [this.#head, this.#levelAt];
    if (this.#live && head && at && at.epoch === head.epoch && at.seq > head.seq) void this.#fill(head);
  }

  #status({ nonce, status, draft, message, error }: ClientEvents["status"]): void {
    if (status === "sending" && draft) this.#sending(nonce, draft);
    else if (status === "failed" && error) this.#timeline.failed(nonce, error);
    else if (status === "sent" && message) this.#timeline.sent(message);
    this.#changed();
  }

  #sending(nonce: string, draft: Draft): void {
    this.#timeline.sending(nonce, this.channelId, draft, new Date().toISOString());
  }

  #moved(): void {
    this.#timeline.moved();
    this.#changed();
  }

  /** Tells listeners, once for all that changes at the same time. */
  #changed(): void {
    this.#stale = true;
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
