import { type Draft, type LogEvent, type Message, ParleyError, type SendStatus } from "../src";
import { Emitter } from "../src/emitter";
import type { ClientEvents } from "../src/events";
import type { MessageSource } from "../src/messages";
import { channelId, fold, logOf, me } from "./channellog";

type Page = { messages: Message[]; head: string; more: boolean };

/** Nothing that was given to a list may be changed by it. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

export const turn = () => new Promise<void>((done) => setImmediate(done));

/** A client of a channel whose log grows, and whose answers come, when the test says so. */
export class Source implements MessageSource {
  readonly userId = me;
  readonly events = new Emitter<ClientEvents>();
  committed = 0;
  followed: number | undefined; // events up to here were told of; undefined: the channel is not joined
  private readonly asked: {
    read: () => unknown;
    answer?: unknown;
    settle: (v: never) => void;
    fail: (e: Error) => void;
  }[] = [];

  constructor(readonly log: LogEvent[]) {}

  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.events.on(name, listener);
  }

  getHistory(_channel: string, page: { limit?: number; before?: number; after?: number }) {
    const { limit = 50, before = Infinity, after } = page;
    return this.ask<Page>(() => {
      const all = fold(this.log.slice(0, this.committed)).filter(
        (m) => m.seq < before && m.seq > (after ?? 0),
      );
      const messages = after === undefined ? all.slice(-limit) : all.slice(0, limit);
      return { messages, head: `e:${this.committed}`, more: all.length > limit };
    });
  }

  getMessage(_channel: string, id: string) {
    return this.ask<Message>(() => {
      const found = fold(this.log.slice(0, this.committed)).find((m) => m.id === id);
      if (!found) throw new ParleyError("not_found", "there is no such message");
      return found;
    });
  }

  getEventsSince(_channel: string, since: number) {
    return this.ask<LogEvent[]>(() => this.told(since, this.committed));
  }

  statusOf({ senderId }: Pick<Message, "senderId">): SendStatus | undefined {
    return senderId === me ? "sent" : undefined;
  }

  waiting(): [] {
    return [];
  }

  sendMessage(): Promise<Message> {
    return Promise.reject(new ParleyError("closed", "this one only listens"));
  }

  get waits(): boolean {
    return this.asked.length > 0;
  }

  /** The server carries the oldest request out. */
  read(): void {
    const next = this.asked.find((a) => a.answer === undefined);
    if (!next) return;
    try {
      next.answer = frozen(next.read());
    } catch (refusal) {
      next.answer = refusal;
    }
  }

  /** Its answer comes, or an error. */
  answer(fails = false): void {
    const next = this.asked[0];
    if (!next || (next.answer === undefined && !fails)) return;
    this.asked.shift();
    if (fails) next.fail(new ParleyError("internal", "it broke"));
    else if (next.answer instanceof ParleyError) next.fail(next.answer);
    else next.settle(next.answer as never);
  }

  commit(): void {
    const event = this.log[this.committed];
    if (!event) return;
    if (event.type === "message" && event.senderId === me) this.status(event, "sending");
    this.committed++;
  }

  /** One of one's own that is stored is acknowledged, or sent again, for its acknowledgement was lost. */
  own(at: number, status: "sent" | "sending"): void {
    const own = this.log.slice(0, this.committed).filter((e) => e.type === "message" && e.senderId === me);
    const event = own[at % (own.length || 1)];
    if (event?.type === "message") this.status(event, status);
  }

  join(): void {
    this.followed ??= this.committed;
    this.level();
  }

  /** Tells of the next event; one that is replayed is in the state of its reading. */
  deliver(replayed: boolean): void {
    if (this.followed === undefined || this.followed >= this.committed) return;
    const [event] = this.told(
      this.followed,
      this.followed + 1,
      replayed ? this.committed : this.followed + 1,
    );
    this.followed++;
    if (event) this.events.emit("event", frozen(event));
    this.level();
  }

  repeat(at: number): void {
    const before = this.followed ?? 0;
    for (const event of this.told(at % (before || 1), before)) this.events.emit("event", frozen(event));
  }

  expire(): void {
    if (this.followed === undefined) return;
    this.followed = 0;
    this.events.emit("expired", { channelId, reason: "horizon", oldest: "e:0", head: `e:${this.committed}` });
  }

  ready(): void {
    this.events.emit("ready", { session: "s", userId: me, guest: false });
  }

  private told(after: number, upTo: number, readAt = this.committed): LogEvent[] {
    const present = new Map(fold(this.log.slice(0, readAt)).map((m) => [m.id, m]));
    return this.log.slice(after, upTo).map((event) => {
      const message = event.type === "message" ? present.get(event.id) : undefined;
      return message ? { type: "message", ...message } : event;
    });
  }

  private level(): void {
    if (this.followed !== this.committed) return;
    this.events.emit("level", { channelId, position: `e:${this.followed}` });
  }

  private status(event: { type: "message" } & Message, status: "sending" | "sent"): void {
    const { id, seq, sequence, createdAt, text = "", senderId, nonce = "" } = event;
    const draft: Draft = { text };
    const message: Message = { id, channelId, senderId, seq, sequence, createdAt, text, nonce };
    this.events.emit("status", {
      channelId,
      nonce,
      status,
      ...(status === "sent" ? { message } : { draft }),
    });
  }

  private ask<Answer>(read: () => Answer): Promise<Answer> {
    return new Promise((settle, fail) => {
      this.asked.push({ read, settle, fail });
    });
  }
}

/** A channel of so many messages, all of them committed and followed. */
export function talk(n: number): Source {
  const post = { do: "post" as const, user: "bob", reply: undefined };
  const source = new Source(frozen(logOf(Array.from({ length: n }, () => post))));
  source.committed = n;
  source.join();
  return source;
}

export async function answered(source: Source): Promise<void> {
  while (source.waits) {
    source.read();
    source.answer();
    await turn();
  }
}
