import fc from "fast-check";
import { expect, test } from "vitest";
import { Unread } from "../src/unread";

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("post" as const), message: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("tell" as const), n: fc.nat({ max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("read" as const), seq: fc.nat({ max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("begin" as const), jump: fc.boolean() }) },
);

// The log goes on while it is told of, the user reads here and elsewhere, also
// where this client has not been, and subscriptions begin anew. Once everything
// was told of, the count is what the server would say.
test("the count is the server's, once everything was told of", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 20 }), fc.array(step, { maxLength: 60 }), async (before, steps) => {
      const log: { seq: number; sequence: number; message: boolean }[] = [];
      const post = (message: boolean) => {
        const sequence = log.filter((e) => e.message).length;
        log.push({ seq: log.length + 1, sequence, message });
      };
      for (let i = 0; i < before; i++) post(i % 3 !== 0);
      let read = 0;
      const truth = () => log.filter((e) => e.message && e.seq > read).length;
      const messages = () => log.filter((e) => e.message);
      let place = log.length;
      const unread = new Unread(place, {
        after: async (seq) => messages().find((e) => e.seq > seq),
        upTo: async (seq) => messages().findLast((e) => e.seq <= seq),
        changed: () => {},
      });
      const begin = () => unread.begin(place, log.length, { delivered: 0, read, unread: truth() });
      const tell = (most: number) => {
        for (let n = 0; n < most && place < log.length; n++) {
          place++;
          unread.logged(place, place, log[place - 1]?.message ?? false);
        }
      };
      begin();
      for (const s of steps) {
        if (s.kind === "post") post(s.message);
        if (s.kind === "tell") tell(s.n);
        if (s.kind === "begin") {
          if (s.jump) place = log.length; // the server no longer had what is between
          begin();
        }
        if (s.kind === "read") {
          read = Math.max(read, Math.min(s.seq, log.length));
          unread.moved(read);
          if (s.seq % 2) await Promise.resolve(); // the answers come, or something else comes first
        }
        expect(unread.count).toBeGreaterThanOrEqual(0);
      }
      tell(log.length);
      await new Promise((done) => setTimeout(done, 0));
      expect(unread.count).toBe(truth());
    }),
    { numRuns: 500 },
  );
});

test("of what a user never reads the youngest thousands are held; where one is in the rest is asked", async () => {
  const asked: string[] = [];
  const unread = new Unread(0, {
    after: async (seq) => {
      asked.push(`after ${seq}`);
      return { seq: seq + 1, sequence: seq };
    },
    upTo: async (seq) => {
      asked.push("up to");
      return { seq, sequence: seq - 1 };
    },
    changed: () => {},
  });
  unread.begin(0, 0, { delivered: 0, read: 0, unread: 0 });
  for (let seq = 1; seq <= 20_000; seq++) unread.logged(seq, seq, true);
  expect(unread.count).toBe(20_000);
  unread.moved(15_000); // not held any more
  await Promise.resolve();
  expect(asked).toEqual(["after 15000", "up to"]);
  await new Promise((done) => setTimeout(done, 0));
  expect(unread.count).toBe(5_000);
  unread.moved(19_000); // held
  expect(unread.count).toBe(1_000);
  expect(asked).toHaveLength(2);
});
