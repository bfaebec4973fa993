import fc from "fast-check";
import { expect, test } from "vitest";
import {
  columnsOf,
  extended,
  type Figures,
  level,
  mean,
  most,
  quantile,
  quantileOf,
  rate,
  type Sample,
} from "../src/console/overview/series";
import { instant } from "../src/console/way/instant";

/** What a server that counts nothing else tells, with what is counted here. */
const none: Figures = {
  at: "",
  since: "2026-11-22T10:00:00Z",
  sessions: 0,
  usersOnline: 0,
  channelsLoaded: 0,
  committed: 0,
  committing: 0,
  delivered: 0,
  signalsDropped: 0,
  queueBytes: 0,
  queueBytesMost: 0,
  catchingUp: 0,
  resumed: 0,
  fellBack: 0,
  redelivered: 0,
  acknowledgement: { count: 0, sum: 0, p50: 0, p90: 0, p99: 0, buckets: [] },
  delivery: { count: 0, sum: 0, p50: 0, p90: 0, p99: 0, buckets: [] },
  connections: [],
  errors: [],
  refusals: [],
  store: { queue: 0, batches: 0, syncs: 0, syncSeconds: 0, events: 0, bytes: 0, diskFree: 0, diskTotal: 0 },
  files: { kept: 0, bytes: 0, underWay: 0, sent: 0, sentBytes: 0, collected: 0 },
  process: { memoryBytes: 0, heapBytes: 0, goroutines: 0, cpuSeconds: 0 },
};
const at = (seconds: number, figures: Partial<Figures> = {}): Sample => ({
  at: seconds,
  figures: { ...none, ...figures },
});
const committed = [{ name: "committed", value: rate((f) => f.committed) }];

test("a rate is what was counted between two samples, and a server that was started again has none", () => {
  const samples = [
    at(0, { committed: 5 }),
    at(2, { committed: 11 }),
    at(4, { committed: 3, since: "later" }),
  ];
  expect(columnsOf(samples, committed)).toEqual([
    [0, 2, 4],
    [null, 3, null],
  ]);
});

test("where nobody asked for a while nothing is drawn, and no rate reaches over it", () => {
  const samples = [at(0), at(2, { committed: 2 }), at(102, { committed: 200 }), at(104, { committed: 202 })];
  const lines = [...committed, { name: "sessions", value: level((f) => f.sessions) }];
  expect(columnsOf(samples, lines)).toEqual([
    [0, 2, 52, 102, 104],
    [null, 1, null, null, 1],
    [0, 0, null, 0, 0],
  ]);
});

test("a mean is of what was lately, and of nothing there is none", () => {
  const sync = mean(
    (f) => f.store.syncSeconds,
    (f) => f.store.syncs,
  );
  const store = (syncs: number, syncSeconds: number) => ({ store: { ...none.store, syncs, syncSeconds } });
  expect(sync([at(0, store(10, 1)), at(2, store(30, 1.5))])).toBeCloseTo(0.025);
  expect(sync([at(0, store(10, 1)), at(2, store(10, 1))])).toBeNull();
});

test("a quantile lies in the bucket that holds it, and is of what was lately", () => {
  const spread = (...counts: number[]) => ({
    ...none.acknowledgement,
    count: counts.at(-1) ?? 0,
    buckets: [1, 2, 4].map((upTo, i) => ({ upTo, count: counts[i] ?? 0 })),
  });
  const half = quantile(0.5, (f) => f.acknowledgement);
  const before = at(0, { acknowledgement: spread(100, 100, 100, 100) });
  expect(half([before, at(2, { acknowledgement: spread(100, 110, 110, 110) })])).toBe(1.5);
  expect(half([before, before])).toBeNull();
});

test("a quantile never falls when the share rises, and stays within the buckets", () => {
  const buckets = fc
    .array(fc.nat(50), { minLength: 1, maxLength: 8 })
    .map((parts) =>
      parts.map((_, i) => ({ upTo: i + 1, count: parts.slice(0, i + 1).reduce((a, b) => a + b, 0) })),
    );
  fc.assert(
    fc.property(buckets, fc.nat(20), (list, beyond) => {
      const count = (list.at(-1)?.count ?? 0) + beyond;
      const values = [0.1, 0.5, 0.9, 0.99].map((share) => quantileOf(share, { count, buckets: list }));
      if (count === 0) return void expect(values).toEqual([null, null, null, null]);
      const numbers = values.map(Number);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      for (const n of numbers) expect(n).toBeLessThanOrEqual(list.length);
    }),
  );
});

test("so many samples are kept, the newest", () => {
  let samples: readonly Sample[] = [];
  for (let i = 0; i < most + 10; i++) samples = extended(samples, at(i));
  expect([samples.length, samples[0]?.at, samples.at(-1)?.at]).toEqual([most, 10, most + 9]);
});

test("a moment keeps the fractions of its milliseconds", () => {
  expect(instant("2026-11-22T10:00:00.001500Z") - instant("2026-11-22T10:00:00.001000Z")).toBeCloseTo(0.5);
  expect(instant("2026-11-22T10:00:00Z")).toBe(Date.parse("2026-11-22T10:00:00Z"));
});
