import fc from "fast-check";
import { expect, test } from "vitest";
import { ParleyError } from "../src/error";
import type { Frame } from "../src/frame";
import { Outbox } from "../src/outbox";

/** A server that knows nonces, and a line to it that breaks. */
class World {
  log = new Map<string, string[]>(); // by channel
  stored = new Set<string>();
  connected = false;
  wire: Frame[] = []; // sent, not taken by the server yet
  timers: { due: number; callback: () => void }[] = [];
  now = 0;
  outbox = new Outbox({
    send: (frame) => {
      if (!this.connected) return false;
      expect(this.wire.filter((other) => other.channelId === frame.channelId)).toEqual([]);
      this.wire.push(frame);
      return true;
    },
    after: (milliseconds, callback) => {
      const timer = { due: this.now + milliseconds, callback };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((t) => t !== timer);
      };
    },
    most: 1000,
  });

  connect(): void {
    this.connected = true;
    this.outbox.resume();
  }

  /** What is on the wire is lost; the server may have taken some of it. */
  cut(taken: number): void {
    for (const frame of this.wire.slice(0, taken)) this.store(frame);
    this.wire = [];
    this.connected = false;
  }

  store(frame: Frame): void {
    const nonce = frame.nonce ?? "";
    if (this.stored.has(nonce)) return;
    this.stored.add(nonce);
    const channel = frame.channelId ?? "";
    this.log.set(channel, [...(this.log.get(channel) ?? []), nonce]);
  }

  answer(refuse: boolean): void {
    const frame = this.wire.shift();
    if (!frame) return;
    if (refuse) {
      this.outbox.answered(frame, new ParleyError("rate_limited", "slower", { retry: true, retryAfter: 50 }));
      return;
    }
    this.store(frame);
    this.outbox.answered({ ...frame, type: "ack" });
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
  fc.record({ do: fc.constant("answer" as const), refuse: fc.boolean() }),
  fc.record({ do: fc.constant("pass" as const), time: fc.nat({ max: 200 }) }),
);

test("every draft is stored once, in the order of adding, whatever the line does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const world = new World();
      const added = new Map<string, string[]>();
      const kept: Promise<Frame>[] = [];
      let n = 0;
      for (const s of steps) {
        if (s.do === "add") {
          const nonce = `n${n++}`;
          added.set(s.channel, [...(added.get(s.channel) ?? []), nonce]);
          const frame = { type: "publish", channelId: s.channel, nonce };
          kept.push(world.outbox.add({ nonce, channelId: s.channel, frame }));
        } else if (s.do === "connect" && !world.connected) world.connect();
        else if (s.do === "cut") world.cut(s.taken);
        else if (s.do === "answer") world.answer(s.refuse);
        else if (s.do === "pass") world.pass(s.time);
      }
      if (!world.connected) world.connect();
      for (let i = 0; world.outbox.length > 0 && i < 1000; i++) {
        world.answer(false);
        world.pass(2000);
      }
      const acks = await Promise.all(kept);
      expect(acks.map((ack) => ack.nonce)).toEqual(Array.from({ length: n }, (_, i) => `n${i}`));
      expect(world.log).toEqual(
        new Map([...world.log.keys()].map((channel) => [channel, added.get(channel)])),
      );
      expect([...world.log.values()].flat().length).toBe(n);
      expect(world.timers).toEqual([]);
    }),
  );
});

test("a refusal for good fails its draft alone", async () => {
  const world = new World();
  world.connect();
  const add = (nonce: string) =>
    world.outbox.add({ nonce, channelId: "a", frame: { type: "publish", channelId: "a", nonce } });
  const first = add("1");
  const second = add("2");
  world.wire.shift();
  world.outbox.answered({ type: "error", nonce: "1" }, new ParleyError("forbidden", "no"));
  await expect(first).rejects.toMatchObject({ code: "forbidden" });
  world.answer(false);
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
