import { expect, test } from "vitest";
import { Pace } from "../src/rooms/pace";
import { Typist } from "../src/typist";

/** A clock that is moved by hand. */
class Clock {
  time = 0;
  private timers: { at: number; callback: () => void }[] = [];

  after = (milliseconds: number, callback: () => void) => {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  };

  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((t) => t !== next);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
  }
}

function typist(): { clock: Clock; told: [number, boolean][]; typist: Typist } {
  const clock = new Clock();
  const told: [number, boolean][] = [];
  const options = {
    after: clock.after,
    now: () => clock.time,
    tell: (on: boolean) => told.push([clock.time, on]),
  };
  return { clock, told, typist: new Typist(options) };
}

test("typing is told once a second, and ends by itself 3 s after the last sign", () => {
  const t = typist();
  for (let i = 0; i < 25; i++) {
    t.typist.start();
    t.clock.pass(100);
  }
  t.clock.pass(10_000);
  expect(t.told).toEqual([
    [0, true],
    [1000, true],
    [2000, true],
    [5400, false],
  ]);
});

test("typing is stopped once, and begins anew at once", () => {
  const t = typist();
  t.typist.stop();
  t.typist.start();
  t.typist.stop();
  t.typist.stop();
  t.typist.start();
  t.clock.pass(10_000);
  expect(t.told).toEqual([
    [0, true],
    [0, false],
    [0, true],
    [3000, false],
  ]);
});

test("in no second more than five are taken, and who is refused is told when there is room", () => {
  let now = 0;
  const pace = new Pace(5, () => now);
  const taken: number[] = [];
  for (; now < 5000; now += 70) {
    const refused = pace.take();
    if (!refused) {
      taken.push(now);
      continue;
    }
    expect(refused).toMatchObject({ code: "rate_limited", retry: true });
    const room = now + (refused.retryAfter ?? 0);
    expect(taken.filter((t) => t > room - 1000)).toHaveLength(4);
  }
  for (const t of taken) expect(taken.filter((o) => o >= t && o < t + 1000).length).toBeLessThanOrEqual(5);
  expect(taken.length).toBeGreaterThanOrEqual(25);
  const free = new Pace(0);
  expect(Array.from({ length: 100 }, () => free.take()).every((e) => e === undefined)).toBe(true);
});
