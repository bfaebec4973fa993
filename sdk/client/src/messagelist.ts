import { after } from "./clock";
import { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { type Position, parsePosition } from "./frame";
import type { Around, MessageListOptions, MessageSource, MessagesView, SourcePage } from "./messagesview";
import type { Draft } from "./sender";
import { Timeline } from "./timeline";
import type { LogEvent, Message } from "./types";
import { uuid } from "./uuid";

/** Before what was refused for now is asked again, unless the server says how long. */
const patience = 1000;

const nothing: MessagesView = { messages: [], hasOlder: false, hasNewer: false, loading: false };

/**
 * A channel's messages, kept up to date: the last page or one around a message,
 * older and newer ones on demand, and everything that the log says from there on.
 * It follows the channel from the first `subscribe` until the last subscriber has
 * gone, and forgets it then. The channel is to be joined by whoever makes the list.
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
  #paging: { done: Promise<void>; since: LogEvent[] } | undefined; // a page at an end, and the events since it was asked for
  #around: Around | undefined; // where the next page that replaces all is; undefined: the present
  #anew = false; // what is held is to be replaced by the next page
  #error: ParleyError | undefined;
  #again: (() => void) | undefined; // stops the timer of the next attempt
  #heldBack: (() => void) | undefined; // stops the timer of the next telling
  #toldAt = 0;
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
    this.#around = options.around;
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
      hasNewer: this.#head !== undefined && this.#timeline.newest < Number.POSITIVE_INFINITY,
      loading: this.#behind !== undefined || this.#paging !== undefined,
      ...(this.#error && { error: this.#error }),
    };
    return this.#view;
  }

  /** Loads the page before the first message, and is kept in any case: `error` says what went wrong. */
  loadOlder(): Promise<void> {
    if (this.#paging) return this.#paging.done;
    if (this.#isLive() && this.#timeline.oldest > 0) {
      return this.#turn((epoch, since) => this.#older(this.#round, epoch, since));
    }
    return Promise.resolve();
  }

  /** Loads the page after the last message, where the list does not reach the present; otherwise as loadOlder. */
  loadNewer(): Promise<void> {
    if (this.#paging) return this.#paging.done;
    if (this.#isLive() && this.#timeline.newest < Number.POSITIVE_INFINITY) {
      return this.#turn((epoch, since) => this.#newer(this.#round, epoch, since));
    }
    return Promise.resolve();
  }

  /**
   * Goes to what is around a message, or to the present, and is kept when that is there or `error`
   * says why not; what was shown is shown until then. Fails, and changes nothing, where there is no
   * message of this id. Harmless where the place is held already.
   */
  async jump(around?: Around): Promise<void> {
    const seq = typeof around === "string" ? await this.#seqOf(around) : around;
    if (this.#head && this.#timeline.holds(seq ?? Number.POSITIVE_INFINITY)) return;
    if (this.#listeners.size === 0) {
      this.#around = seq;
      return;
    }
    await this.#begin(seq);
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
    const here = <Name extends "event" | "level" | "expired" | "status" | "cursors">(
      name: Name,
      then: (event: ClientEvents[Name]) => void,
    ) =>
      source.on(name, (event) => {
        if (event.channelId === this.channelId) then(event);
      });
    this.#stops = [
      here("event", (event) => this.#logged(event)),
      here("level", (level) => this.#level(level)),
      here("expired", () => void this.#begin()),
      here("status", (status) => this.#status(status)),
      here("cursors", () => this.#moved()),
      source.on("ready", () => this.#resume()),
    ];
    for (const { nonce, draft } of source.waiting(this.channelId)) this.#sending(nonce, draft);
    void this.#load();
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#again?.();
    if (this.#heldBack) this.#told = false;
    this.#heldBack?.();
    this.#round++;
    this.#head = this.#behind = this.#levelAt = this.#paging = this.#error = undefined;
    this.#again = this.#heldBack = undefined;
    this.#around = this.#options.around;
    this.#live = this.#stale = this.#anew = false;
    this.#timeline = new Timeline(this.#source);
    this.#view = nothing;
  }

  /** Takes up again what a broken connection or a refusal has ended. */
  #resume(): void {
    if (this.#live && this.#error) {
      this.#error = undefined; // a page can be asked for again
      this.#changed();
    }
    if (this.#live || this.#behind) return;
    if (this.#head) void this.#fill(this.#head);
    else void this.#load();
  }

  /** Events come, and pages can be asked for; if not, what has ended is taken up again. */
  #isLive(): boolean {
    if (this.#live && this.#head) return true;
    this.#resume();
    return false;
  }

  /** What is held is replaced: it is worth nothing any more, or another place is wanted. It is shown until then. */
  #begin(around?: number): Promise<void> {
    this.#anew = true;
    this.#around = around;
    return this.#load();
  }

  /** Gets the page to begin with, and begins with it. */
  async #load(): Promise<void> {
    const round = this.#wait();
    this.#head = undefined;
    this.#behind = [];
    try {
      const around = this.#around;
      const place = typeof around === "string" ? await this.#placeOf(around) : around;
      if (round !== this.#round) return;
      const taken = await (place === undefined ? this.#last() : this.#middle(place));
      if (round !== this.#round) return;
      if (this.#anew) this.#timeline.clear();
      this.#anew = false;
      this.#around = undefined; // if all is to be read anew, then the present
      this.#head = parsePosition(taken()) ?? { epoch: "", seq: 0 };
      this.#release();
    } catch (error) {
      if (round === this.#round) this.#failed(error);
    }
  }

  /** The seq to begin around; undefined: the present, for the message is not to be had. */
  async #placeOf(id: string): Promise<number | undefined> {
    try {
      return await this.#seqOf(id);
    } catch (error) {
      if (error instanceof ParleyError && error.retry) throw error;
      return undefined;
    }
  }

  async #seqOf(id: string): Promise<number> {
    return this.#timeline.seqOf(id) ?? (await this.#source.getMessage(this.channelId, id)).seq;
  }

  /** The last page; what it gives takes it in, and says up to where. */
  async #last(): Promise<() => string> {
    const page = await this.#source.getHistory(this.channelId, { limit: this.#limit });
    return () => {
      this.#timeline.addPage(page.messages, page.more);
      return page.head;
    };
  }

  /** The pages before and after a place, likewise. */
  async #middle(seq: number): Promise<() => string> {
    const page = (more: { before: number } | { after: number }) =>
      this.#source.getHistory(this.channelId, { limit: this.#limit, ...more });
    const [before, after] = await Promise.all([page({ before: seq + 1 }), page({ after: seq })]);
    const [first, last] = [before.messages[0], after.messages.at(-1)];
    const [one, other] = [parsePosition(before.head), parsePosition(after.head)];
    if (one?.epoch !== other?.epoch)
      throw new ParleyError("unavailable", "the log was replaced", { retry: true });
    return () => {
      this.#timeline.addMiddle(
        [...before.messages, ...after.messages],
        before.more && first ? first.seq : 0,
        after.more && last ? last.seq : Number.POSITIVE_INFINITY,
      );
      return (one?.seq ?? 0) < (other?.seq ?? 0) ? before.head : after.head;
    };
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
      if (error instanceof ParleyError && error.expired) void this.#begin();
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

  /** Asks for a page at an end, during which events are kept to be applied to it. */
  #turn(page: (epoch: string, since: LogEvent[]) => Promise<void>): Promise<void> {
    const since: LogEvent[] = [];
    this.#error = undefined;
    this.#paging = { since, done: page(this.#head?.epoch ?? "", since) };
    this.#changed();
    return this.#paging.done;
  }

  async #older(round: number, epoch: string, since: LogEvent[]): Promise<void> {
    const before = this.#timeline.oldest;
    await this.#page(round, epoch, { before }, (page) => {
      this.#timeline.addPage(page.messages, page.more);
      for (const event of since) this.#timeline.apply(event); // the page may have been read before them
      if (this.#options.most !== undefined) this.#timeline.trimNewest(this.#options.most);
    });
  }

  async #newer(round: number, epoch: string, since: LogEvent[]): Promise<void> {
    const asked = this.#head?.seq ?? 0;
    await this.#page(round, epoch, { after: this.#timeline.newest }, (page) => {
      const last = page.messages.at(-1);
      const read = parsePosition(page.head)?.seq ?? 0;
      // A page that knows less than was told before it was asked for has an end, but not the present's.
      const end = page.more && last ? last.seq : read < asked ? read : Number.POSITIVE_INFINITY;
      this.#timeline.addNewer(page.messages, end);
      for (const event of since) this.#timeline.apply(event);
      if (this.#options.most !== undefined) this.#timeline.trim(this.#options.most);
    });
  }

  async #page(
    round: number,
    epoch: string,
    where: { before: number } | { after: number },
    take: (page: SourcePage) => void,
  ): Promise<void> {
    try {
      const page = await this.#source.getHistory(this.channelId, { limit: this.#limit, ...where });
      if (round !== this.#round) return;
      this.#paging = undefined;
      if (parsePosition(page.head)?.epoch !== epoch) {
        void this.#begin();
        return;
      }
      take(page);
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
    if (this.#timeline.moved()) this.#changed();
  }

  /** Tells listeners, once for all that changes at the same time, and no more often than they want. */
  #changed(): void {
    this.#stale = true;
    if (this.#told) return;
    this.#told = true;
    const pause = this.#toldAt + (this.#options.every ?? 0) - Date.now();
    if (pause > 0) this.#heldBack = after(pause, () => this.#tell());
    else queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    this.#told = false;
    this.#heldBack = undefined;
    if (this.#options.every) this.#toldAt = Date.now();
    for (const listener of [...this.#listeners]) listener();
  }
}
