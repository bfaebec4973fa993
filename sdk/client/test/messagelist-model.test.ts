import fc from "fast-check";
import { expect, test } from "vitest";
import { type ListedMessage, MessageList } from "../src/messages";
import { channelId, fold, logOf, steps } from "./channellog";
import { frozen, Source, turn } from "./listsource";

const moves = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: "commit" as const, n: 0 }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("deliver" as const), n: fc.nat(1) }) },
    { weight: 3, arbitrary: fc.constant({ do: "read" as const, n: 0 }) },
    { weight: 3, arbitrary: fc.constant({ do: "answer" as const, n: 0 }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("ack" as const), n: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("resend" as const), n: fc.nat(50) }) },
    { weight: 3, arbitrary: fc.constant({ do: "older" as const, n: 0 }) },
    { weight: 3, arbitrary: fc.constant({ do: "newer" as const, n: 0 }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("jump" as const), n: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("jump to id" as const), n: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.constant({ do: "present" as const, n: 0 }) },
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
  if (step.do === "newer") void list.loadNewer();
  if (step.do === "jump") void list.jump(step.n);
  if (step.do === "jump to id") list.jump(`m${step.n}`).catch(() => {}); // there may be no such message
  if (step.do === "present") void list.jump();
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

/** Looks at a list after each step: what holds at every moment. */
class Look {
  readonly #list: MessageList;
  readonly #keys = new Map<string, string>(); // by nonce
  readonly #reached = new Map<string, number>(); // how far the changes of each message were known
  readonly #stop: () => void;
  #told = true;
  #last: MessageList["snapshot"];

  constructor(list: MessageList) {
    this.#list = list;
    this.#last = list.snapshot;
    this.#stop = list.subscribe(() => {
      this.#told = true;
    });
  }

  again(): void {
    const now = this.#list.snapshot;
    expect(now === this.#last || this.#told).toBe(true);
    [this.#last, this.#told] = [now, false];
    frozen(now.messages);
    const seqs = now.messages.map((m) => m.seq ?? Number.POSITIVE_INFINITY);
    expect(seqs).toEqual([...seqs].sort((a, b) => (a === b ? 0 : a - b)));
    expect(new Set(now.messages.map((m) => m.key)).size).toBe(now.messages.length);
    expect(new Set(now.messages.map((m) => m.nonce)).size).toBe(now.messages.length);
    for (const m of now.messages) this.#kept(m);
  }

  end(): void {
    this.#stop();
  }

  /** A message keeps its key, and is never again as it was before. */
  #kept(m: ListedMessage): void {
    const nonce = m.nonce ?? "";
    expect(this.#keys.get(nonce) ?? m.key).toBe(m.key);
    this.#keys.set(nonce, m.key);
    if (m.seq === undefined) return;
    const reach = (m.editSeq ?? 0) + (m.notesSeq ?? 0);
    expect(reach).toBeGreaterThanOrEqual(this.#reached.get(m.key) ?? 0);
    this.#reached.set(m.key, reach);
  }
}

/** A list that has come to rest is the log's, page by page up to both of its ends. */
async function isWhole(source: Source, list: MessageList, look: Look): Promise<void> {
  const all = fold(source.log);
  const whole = () => {
    look.again();
    const { messages, hasOlder, hasNewer } = list.snapshot;
    const [first, last] = [messages[0]?.seq, messages.at(-1)?.seq];
    const [from, to] = [hasOlder ? (first ?? Infinity) : 0, hasNewer ? (last ?? 0) : Infinity];
    expect(messages.map(bare)).toEqual(all.filter((m) => from <= m.seq && m.seq <= to));
  };
  whole();
  while (list.snapshot.hasOlder) {
    const { messages } = list.snapshot;
    void list.loadOlder();
    await settle(source);
    whole();
    expect(list.snapshot.messages[0]?.seq).not.toBe(messages[0]?.seq);
  }
  while (list.snapshot.hasNewer) {
    void list.loadNewer();
    await settle(source);
    whole();
  }
}

const options = fc.record(
  {
    most: fc.integer({ min: 1, max: 12 }),
    around: fc.oneof(
      fc.nat(40),
      fc.nat(40).map((n) => `m${n}`),
    ),
  },
  { requiredKeys: [] },
);
const limits = fc.integer({ min: 1, max: 6 });
const expires = fc.boolean(); // to begin again would mend what went wrong

test("a list is what the log says, however pages, events and acknowledgements come", async () => {
  const holds = fc.asyncProperty(
    steps,
    fc.nat(30),
    moves,
    limits,
    expires,
    options,
    async (what, before, how, limit, mayExpire, more) => {
      const source = new Source(frozen(logOf(what)));
      source.committed = Math.min(before, source.log.length);
      const list = new MessageList(source, channelId, { limit, ...more });
      const look = new Look(list);
      for (const step of how) {
        if (step.do === "expire" && !mayExpire) continue;
        move(source, list, step);
        await turn();
        look.again();
      }
      await settle(source);
      await isWhole(source, list, look);
      if (more.most === undefined) expect(list.snapshot.messages.map(bare)).toEqual(fold(source.log));
      look.end();
      for (const name of ["event", "level", "expired", "status", "cursors", "ready"] as const) {
        expect(source.events.count(name)).toBe(0);
      }
      expect(list.snapshot.messages).toEqual([]);
    },
  );
  await fc.assert(holds, { numRuns: 300 });
});
