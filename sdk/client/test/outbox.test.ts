import fc from "fast-check";
import { expect, test } from "vitest";
import { Batches } from "../src/batch";
import { ParleyError } from "../src/error";
import type { Frame } from "../src/frame";
import { Outbox } from "../src/outbox";
import { ModelServer } from "./browser";

/** A server that knows nonces, and a line to it that breaks. */
class World {
  readonly server = new ModelServer();
  connected = false;
  wire: Frame[] = []; // sent, not taken by the server yet
  timers: { due: number; callback: () => void }[] = [];
  now = 0;
  readonly outbox: Outbox;

  constructor(batch?: { most: number; within: number }) {
    const after = (milliseconds: number, callback: () => void) => {
      const timer = { due: this.now + milliseconds, callback };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((t) => t !== timer);
      };
    };
    this.outbox = new Outbox({
      send: (frame) => {
        if (!this.connected) return false;
        expect(this.wire.filter((other) => other.channelId === frame.channelId)).toEqual([]);
        this.wire.push(frame);
        return true;
      },
      after,
      most: 1000,
    });
    if (batch) this.outbox.batcher = new Batches(batch, after);
  }

  add(channelId: string, nonce: string, text = ""): Promise<Frame> {
    return this.outbox.add({ nonce, channelId, frame: { type: "publish", channelId, nonce, text } });
  }

  connect(): void {
    this.connected = true;
    this.outbox.resume();
  }

  /** What is on the wire is lost; the server may have taken some of it. */
  cut(taken: number): void {
    for (const frame of this.wire.splice(0).slice(0, taken)) this.server.take(frame);
    if (this.connected) this.outbox.broke();
    this.connected = false;
  }

  /** The server answers what is first on the wire; with `refuse`, so many messages of it are taken. */
  answer(refuse?: number): void {
    const frame = this.wire.shift();
    if (!frame) return;
    for (const answer of this.server.take(frame, refuse)) {
      const refused = new ParleyError("rate_limited", "slower", { retry: true, retryAfter: 50 });
      this.outbox.answered(answer, answer.type === "error" ? refused : undefined);
    }
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    const due = this.timers.filter((t) => t.due <= this.now);
    this.timers = this.timers.filter((t) => t.due > this.now);
    for (const t of due) t.callback();
  }
}

const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), channel: fc.constantFrom("a", "b") }),
  fc.record({ do: fc.constant("connect" as const) }),
  fc.record({ do: fc.constant("cut" as const), taken: fc.nat({ max: 3 }) }),
  fc.record({
    do: fc.constant("answer" as const),
    refuse: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
  }),
  fc.record({ do: fc.constant("pass" as const), time: fc.nat({ max: 200 }) }),
);

test("every draft is stored once, in the order of adding, whatever the line does, in batches or not", async () => {
  const batches = fc.constantFrom(undefined, { most: 3, within: 20 }, { most: 10, within: 100 });
  await fc.assert(
    fc.asyncProperty(batches, fc.array(step, { maxLength: 120 }), async (batch, steps) => {
      const world = new World(batch);
      const added = new Map<string, string[]>();
      const kept: Promise<Frame>[] = [];
      let n = 0;
      for (const s of steps) {
        if (s.do === "add") {
          const nonce = `n${n++}`;
          added.set(s.channel, [...(added.get(s.channel) ?? []), nonce]);
          kept.push(world.add(s.channel, nonce));
        } else if (s.do === "connect" && !world.connected) world.connect();
        else if (s.do === "cut") world.cut(s.taken);
        else if (s.do === "answer") world.answer(s.refuse);
        else if (s.do === "pass") world.pass(s.time);
      }
      if (!world.connected) world.connect();
      for (let i = 0; world.outbox.length > 0 && i < 1000; i++) {
        world.answer();
        world.pass(2000);
      }
      const acks = await Promise.all(kept);
      expect(acks.map((ack) => ack.nonce)).toEqual(Array.from({ length: n }, (_, i) => `n${i}`));
      expect(world.server.log).toEqual(added);
      expect(world.timers).toEqual([]);
    }),
  );
});

test("messages of a channel go together: as many as may, or those of the time", () => {
  const world = new World({ most: 3, within: 100 });
  world.connect();
  const sent = () => world.wire.map((f) => ((f.messages ?? [f]) as Frame[]).map((m) => m.nonce));
  for (const n of ["1", "2"]) void world.add("a", n);
  expect(sent()).toEqual([]);
  world.pass(100);
  expect(sent()).toEqual([["1", "2"]]);
  for (const n of ["3", "4", "5", "6"]) void world.add("a", n);
  world.answer();
  expect(sent()).toEqual([["3", "4", "5"]]);
  world.answer();
  expect(sent()).toEqual([["6"]]); // it has waited for an answer already
  for (const n of ["7", "8", "9"]) void world.add("b", n);
  expect(sent()).toEqual([["6"], ["7", "8", "9"]]);
});

test("a batch that is refused as a whole is sent again one by one, so that one bad message harms no other", async () => {
  const world = new World({ most: 3, within: 100 });
  world.connect();
  const [one, bad, three] = ["1", "2", "3"].map((n) => world.add("a", n));
  const [batch] = world.wire.splice(0);
  world.outbox.answered({ type: "error", ref: batch?.ref ?? "" }, new ParleyError("invalid", "no"));
  world.answer();
  await expect(one).resolves.toMatchObject({ nonce: "1" });
  const [second] = world.wire.splice(0);
  expect(second?.nonce).toBe("2");
  world.outbox.answered({ type: "error", ref: second?.ref ?? "" }, new ParleyError("invalid", "no"));
  await expect(bad).rejects.toMatchObject({ code: "invalid" });
  world.answer();
  await expect(three).resolves.toMatchObject({ nonce: "3" });
});

test("a batch never outgrows a frame", () => {
  const world = new World({ most: 100, within: 10 });
  for (let i = 0; i < 20; i++) void world.add("a", `${i}`, "\u0000".repeat(10_000)); // six bytes each, as JSON
  world.connect();
  const sizes: number[] = [];
  while (world.wire.length > 0) {
    sizes.push(Buffer.byteLength(JSON.stringify(world.wire[0])));
    world.answer();
  }
  expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  expect(sizes.length).toBeGreaterThan(1);
  expect(world.server.log.get("a")).toHaveLength(20);
});

test("what fits into no frame, or is no JSON, is refused at once", async () => {
  const world = new World();
  await expect(world.add("a", "1", "€".repeat(400_000))).rejects.toMatchObject({ code: "too_large" });
  const round: { [key: string]: unknown } = {};
  round.round = round;
  const frame = { type: "publish", channelId: "a", nonce: "2", body: round };
  await expect(world.outbox.add({ nonce: "2", channelId: "a", frame })).rejects.toMatchObject({
    code: "invalid",
  });
  expect(world.outbox.length).toBe(0);
});

test("a draft is sent as it was when it was added", () => {
  const world = new World();
  const body = { text: "before" };
  void world.outbox.add({
    nonce: "1",
    channelId: "a",
    frame: { type: "publish", channelId: "a", nonce: "1", body },
  });
  body.text = "after";
  world.connect();
  expect(world.wire[0]?.body).toEqual({ text: "before" });
});

test("a refusal for good fails its draft alone", async () => {
  const world = new World();
  world.connect();
  const first = world.add("a", "1");
  const second = world.add("a", "2");
  world.wire.shift();
  world.outbox.answered({ type: "error", nonce: "1" }, new ParleyError("forbidden", "no"));
  await expect(first).rejects.toMatchObject({ code: "forbidden" });
  world.answer();
  await expect(second).resolves.toMatchObject({ nonce: "2" });
});

test("a full outbox takes no more, and says so", async () => {
  const outbox = new Outbox({ send: () => false, after: () => () => {}, most: 1 });
  const waits = outbox.add({ nonce: "1", channelId: "a", frame: { type: "publish" } });
  await expect(outbox.add({ nonce: "2", channelId: "a", frame: { type: "publish" } })).rejects.toMatchObject({
    code: "queue_full",
  });
  outbox.close(new ParleyError("closed", "over"));
  await expect(waits).rejects.toMatchObject({ code: "closed" });
  expect(outbox.length).toBe(0);
});
