import fc from "fast-check";
import { expect, test } from "vitest";
import { type Draft, type LogEvent, type Message, ParleyError, type SendStatus } from "../src";
import { Emitter } from "../src/emitter";
import type { ClientEvents } from "../src/events";
import { type ListedMessage, MessageList, type MessageSource } from "../src/messages";
import { channelId, fold, logOf, me, steps } from "./channellog";

type Page = { messages: Message[]; head: string; more: boolean };

/** Nothing that was given to a list may be changed by it. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

const turn = () => new Promise<void>((done) => setImmediate(done));

/** A client of a channel whose log grows, and whose answers come, when the test says so. */
class Source implements MessageSource {
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

  getHistory(_channel: string, { limit = 50, before = Infinity }: { limit?: number; before?: number }) {
    return this.ask<Page>(() => {
      const all = fold(this.log.slice(0, this.committed)).filter((m) => m.seq < before);
      return { messages: all.slice(-limit), head: `e:${this.committed}`, more: all.length > limit };
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
    if (next) next.answer = frozen(next.read());
  }

  /** Its answer comes, or an error. */
  answer(fails = false): void {
    const next = this.asked[0];
    if (!next || (next.answer === undefined && !fails)) return;
    this.asked.shift();
    if (fails) next.fail(new ParleyError("internal", "it broke"));
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

const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: "commit" as const, n: 0 }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("deliver" as const), n: fc.nat(1) }) },
    { weight: 3, arbitrary: fc.constant({ do: "read" as const, n: 0 }) },
    { weight: 3, arbitrary: fc.constant({ do: "answer" as const, n: 0 }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("ack" as const), n: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("resend" as const), n: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.constant({ do: "older" as const, n: 0 }) },
    { weight: 1, arbitrary: fc.constant({ do: "join" as const, n: 0 }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("slow page" as const), n: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const), n: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.constantFrom({ do: "fail" as const, n: 0 }, { do: "ready" as const, n: 0 }) },
    { weight: 1, arbitrary: fc.constant({ do: "expire" as const, n: 0 }) },
  ),
  { maxLength: 80, size: "max" },
);

/** An older page, read after `n` more events were told of and before others are. */
function slowPage(source: Source, list: MessageList, n: number): void {
  void list.loadOlder();
  for (let i = 0; i < 4; i++) {
    source.commit();
    if (i === n) source.read();
    if (i !== 3) source.deliver(false);
  }
  source.read();
  source.answer();
}

function move(source: Source, list: MessageList, step: { do: string; n: number }): void {
  if (step.do === "commit") source.commit();
  if (step.do === "deliver") source.deliver(step.n === 1);
  if (step.do === "read") source.read();
  if (step.do === "answer") source.answer();
  if (step.do === "ack") source.own(step.n, "sent");
  if (step.do === "resend") source.own(step.n, "sending");
  if (step.do === "older") void list.loadOlder();
  if (step.do === "join") source.join();
  if (step.do === "slow page") slowPage(source, list, step.n);
  if (step.do === "repeat") source.repeat(step.n);
  if (step.do === "fail") source.answer(true);
  if (step.do === "ready") source.ready();
  if (step.do === "expire") source.expire();
}

/** All is committed, told, acknowledged and answered. */
async function settle(source: Source): Promise<void> {
  source.join();
  while (source.committed < source.log.length) source.commit();
  while ((source.followed ?? 0) < source.committed) source.deliver(false);
  for (let i = 0; i < source.log.length; i++) source.own(i, "sent");
  source.ready();
  for (let round = 0; round < 200; round++) {
    while (source.waits) {
      source.read();
      source.answer();
      await turn();
    }
    source.join();
    await turn();
    if (!source.waits) return;
  }
  throw new Error("it does not come to rest");
}

function bare(m: ListedMessage): unknown {
  const {
    key: _key,
    status: _status,
    clientAck: _ack,
    ...message
  } = m as Extract<ListedMessage, { seq: number }>;
  return "type" in message ? { ...message, type: undefined } : message;
}

test("a list is what the log says, however pages, events and acknowledgements come", async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.nat(30),
      moves,
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(), // to begin again would mend what went wrong
      async (what, before, how, limit, expires) => {
        const source = new Source(frozen(logOf(what)));
        source.committed = Math.min(before, source.log.length);
        const list = new MessageList(source, channelId, { limit });
        const keys = new Map<string, string>();
        const reached = new Map<string, number>();
        let told = true;
        let last = list.snapshot;
        const look = () => {
          const now = list.snapshot;
          expect(now === last || told).toBe(true);
          [last, told] = [now, false];
          frozen(now.messages);
          const seqs = now.messages.map((m) => m.seq ?? Number.POSITIVE_INFINITY);
          expect(seqs).toEqual([...seqs].sort((a, b) => (a === b ? 0 : a - b)));
          expect(new Set(now.messages.map((m) => m.key)).size).toBe(now.messages.length);
          expect(new Set(now.messages.map((m) => m.nonce)).size).toBe(now.messages.length);
          for (const m of now.messages) {
            const nonce = m.nonce ?? "";
            expect(keys.get(nonce) ?? m.key).toBe(m.key);
            keys.set(nonce, m.key);
            if (m.seq === undefined) continue;
            const reach = (m.editSeq ?? 0) + (m.notesSeq ?? 0);
            expect(reach).toBeGreaterThanOrEqual(reached.get(m.key) ?? 0);
            reached.set(m.key, reach);
          }
        };
        const stop = list.subscribe(() => {
          told = true;
        });
        for (const step of how) {
          if (step.do === "expire" && !expires) continue;
          move(source, list, step);
          await turn();
          look();
        }
        await settle(source);
        look();
        const all = fold(source.log);
        const { messages, hasOlder } = list.snapshot;
        expect(messages.map(bare)).toEqual(hasOlder ? all.slice(-messages.length) : all);
        while (list.snapshot.hasOlder) {
          void list.loadOlder();
          await settle(source);
          look();
        }
        expect(list.snapshot.messages.map(bare)).toEqual(all);
        stop();
        for (const name of ["event", "level", "expired", "status", "cursors", "ready"] as const) {
          expect(source.events.count(name)).toBe(0);
        }
        expect(list.snapshot.messages).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test("an edit that comes while an older page is on its way is in the page's message", async () => {
  const posts = [1, 2].map(() => ({ do: "post" as const, user: "bob", reply: undefined }));
  const source = new Source(frozen(logOf([...posts, { do: "edit", at: 0 }])));
  const list = new MessageList(source, channelId, { limit: 1 });
  const stop = list.subscribe(() => {});
  source.commit();
  source.commit();
  source.join();
  source.read();
  source.answer();
  await turn();
  expect(list.snapshot).toMatchObject({ messages: [{ id: "m2" }], hasOlder: true });
  void list.loadOlder();
  source.read();
  source.commit();
  source.deliver(false);
  source.answer();
  await turn();
  expect(list.snapshot.messages).toMatchObject([{ id: "m1", text: "edit 3" }, { id: "m2" }]);
  stop();
});
