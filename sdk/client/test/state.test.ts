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
