import fc from "fast-check";
import { expect, test } from "vitest";
import { ParleyError } from "../src/error";
import type { Frame } from "../src/frame";
import { SharedState } from "../src/state";
import type { StateEvent } from "../src/types";

const change = fc.record({ key: fc.constantFrom("a", "b", "c"), value: fc.option(fc.nat({ max: 9 })) });

// A snapshot is read page by page while the log goes on. What is known in the
// end is what the log says, wherever the pages fell.
test("what is known is what the log says, whenever the snapshot was read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 30 }),
      fc.nat({ max: 30 }),
      fc.nat({ max: 4 }),
      async (log, begun, size) => {
        const truth = new Map<string, { value: number; version: number }>();
        let told: (event: StateEvent) => void = () => {};
        let seq = 0;
        const happen = (upTo: number) => {
          while (seq < Math.min(upTo, log.length)) {
            const c = log[seq++] as { key: string; value: number | null };
            if (c.value === null) truth.delete(c.key);
            else truth.set(c.key, { value: c.value, version: seq });
            const what = c.value === null ? { deleted: true as const } : { value: c.value };
            told({ channelId: "x", seq, key: c.key, at: "", ...what });
          }
        };
        const ask = async (frame: Frame): Promise<Frame> => {
          const after = frame.after as string | undefined;
          const left = [...truth].filter(([key]) => after === undefined || key > after).sort();
          const page = left.slice(0, size + 1);
          const answer = {
            type: "snapshot",
            keys: page.map(([key, v]) => ({ key, ...v })),
            head: `e:${seq}`,
            ...(page.length < left.length && { next: page.at(-1)?.[0] }),
          };
          happen(seq + 2); // before the next page
          return answer;
        };
        happen(begun);
        const state = new SharedState("x", {
          ask,
          commit: () => Promise.reject(new Error("nothing is set here")),
          listen: (callback) => {
            told = callback;
            return () => {};
          },
          ready: () => () => {},
        });
        const seen = new Map<string, unknown>();
        state.subscribe((key, value) => (value ? seen.set(key, value) : seen.delete(key)));
        await state.all();
        await Promise.resolve();
        happen(log.length);
        expect(await state.all()).toEqual(truth);
        expect(seen).toEqual(truth);
      },
    ),
  );
});

const step = fc.record({
  key: fc.constantFrom("a", "b"),
  value: fc.option(fc.nat({ max: 9 }), { freq: 2 }),
  own: fc.boolean(),
  told: fc.constantFrom(0, 0, 1, 3), // how many events come then
  late: fc.boolean(), // the answer comes once they have
});

// The answer to who sets a key may come before the log tells of it, and after
// that of what others did meanwhile.
test("what this client has set is read at once, and in the end what the log says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.nat({ max: 5 }), async (steps, read) => {
      const truth = new Map<string, { value: number; version: number }>();
      const coming: StateEvent[] = [];
      let told: (event: StateEvent) => void = () => {};
      let seq = 0;
      const tell = (n: number) => {
        for (const event of coming.splice(0, n)) told(event);
      };
      const happen = (key: string, value: number | null): number => {
        seq++;
        if (value === null) truth.delete(key);
        else truth.set(key, { value, version: seq });
        const what = value === null ? { deleted: true as const } : { value };
        coming.push({ channelId: "x", seq, key, at: "", ...what });
        return seq;
      };
      let answered = Promise.resolve();
      const state = new SharedState("x", {
        ask: async () => ({
          type: "snapshot",
          keys: [...truth].map(([key, v]) => ({ key, ...v })),
          head: `e:${seq}`,
        }),
        commit: async ({ key, value }) => {
          const ack = { type: "ack", seq: happen(key as string, (value as number | undefined) ?? null) };
          await answered;
          return ack;
        },
        listen: (callback) => {
          told = callback;
          return () => {};
        },
        ready: () => () => {},
      });
      const seen = new Map<string, unknown>();
      const mine = new Set<string>(); // keys that this client was the last to change
      for (const [i, { key, value, own, told: n, late }] of steps.entries()) {
        if (i === read) {
          state.subscribe((key, value) => (value ? seen.set(key, value) : seen.delete(key)));
          await state.all();
        }
        if (!own) happen(key, value);
        let answer = () => {};
        if (late) answered = new Promise((done) => (answer = done));
        const done = own && (value === null ? state.delete(key) : state.set(key, value));
        if (late) {
          tell(n);
          answer();
        }
        await done;
        if (own) mine.add(key);
        else mine.delete(key);
        if (!late) tell(n);
        if (i >= read) for (const key of mine) expect(await state.get(key)).toEqual(truth.get(key));
        answered = Promise.resolve();
      }
      tell(coming.length);
      expect(await state.all()).toEqual(truth);
      if (read < steps.length) expect(seen).toEqual(truth);
    }),
    { numRuns: 500 },
  );
});

test("an answer that comes after what others did since brings nothing back", async () => {
  let told: (event: StateEvent) => void = () => {};
  let answer = (_: Frame) => {};
  const state = new SharedState("x", {
    ask: async () => ({ type: "snapshot", keys: [], head: "e:0" }),
    commit: () => new Promise<Frame>((done) => (answer = done)),
    listen: (callback) => {
      told = callback;
      return () => {};
    },
    ready: () => () => {},
  });
  await state.all();
  const set = state.set("a", 1);
  told({ channelId: "x", seq: 1, key: "a", at: "", value: 1 });
  told({ channelId: "x", seq: 2, key: "a", at: "", deleted: true });
  answer({ type: "ack", seq: 1 });
  expect(await set).toBe(1);
  expect(await state.get("a")).toBeUndefined();
});

test("who subscribes while the keys cannot be read is told of them once there is a connection again", async () => {
  const waiting = new Set<() => void>();
  let broken = true;
  const state = new SharedState("x", {
    ask: () =>
      broken
        ? Promise.reject(new ParleyError("timeout", "no answer", { retry: true }))
        : Promise.resolve({ type: "snapshot", head: "e:3", keys: [{ key: "a", value: 1, version: 3 }] }),
    commit: () => Promise.reject(new Error("nothing is set here")),
    listen: () => () => {},
    ready: (callback) => {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
  });
  const seen: string[] = [];
  state.subscribe((key) => seen.push(key));
  const gone = state.subscribe(() => seen.push("who no longer listens"));
  await expect(state.all()).rejects.toThrow("no answer");
  expect(waiting.size).toBe(2);
  gone();
  for (const again of [...waiting]) again();
  await expect(state.all()).rejects.toThrow("no answer");
  expect(seen).toEqual([]);
  broken = false;
  for (const again of [...waiting]) again();
  await state.all();
  await Promise.resolve();
  expect(seen).toEqual(["a"]);
  expect(waiting.size).toBe(0);
});
