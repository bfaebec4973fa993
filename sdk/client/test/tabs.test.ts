import fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame } from "../src/frame";
import { Outbox } from "../src/outbox";
import { Sharing } from "../src/sharing";
import { Tabs, type TabsListener } from "../src/tabs";
import { ModelBrowser, ModelServer, settle, type Tab } from "./browser";

const which = fc.nat({ max: 2 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("run" as const), queue: fc.nat({ max: 20 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("add" as const), tab: which, channel: fc.constantFrom("a", "b") }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      tab: which,
      refuse: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("connect" as const), tab: which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("cut" as const), tab: which, taken: fc.nat({ max: 2 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), tab: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("open" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("freeze" as const), tab: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("thaw" as const), tab: which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), time: fc.nat({ max: 6000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const doomed = (nonce: string) => nonce.endsWith("7");

let nonces = 0;

function take(browser: ModelBrowser, s: Step): void {
  if (s.do === "run") browser.run(s.queue);
  else if (s.do === "pass") browser.pass(s.time);
  else if (s.do === "open") {
    if (browser.living.length < 3) browser.open();
  } else {
    const tab = browser.living[s.tab];
    if (!tab) return;
    if (s.do === "add") tab.add(s.channel, `${tab.id}.${nonces++}`);
    else if (s.do === "answer") tab.answer(s.refuse);
    else if (s.do === "cut") tab.cut(s.taken);
    else tab[s.do]();
  }
}

/** Nothing goes wrong any more, and time passes, until nothing waits. */
async function calm(browser: ModelBrowser): Promise<void> {
  if (browser.living.length === 0) browser.open();
  for (const tab of browser.living) {
    tab.thaw();
    tab.cut(0); // who comes back looks for what others left, even if they had no time to say so
    tab.connect();
  }
  for (let quiet = 0, i = 0; quiet < 30; i++) {
    if (i === 5000) throw new Error("it does not come to rest");
    let busy = browser.run(0);
    for (const tab of browser.living) {
      busy ||= tab.wire.length > 0;
      tab.answer();
    }
    await settle();
    if (!busy) browser.pass(1000);
    quiet = busy || browser.living.some((tab) => tab.outbox.length > 0) ? 0 : quiet + 1;
  }
}

const inChannel = (tab: Tab, channel: string) =>
  tab.added.filter((d) => d.channelId === channel && !doomed(d.nonce)).map((d) => d.nonce);

function judge(browser: ModelBrowser): void {
  expect(browser.rows).toEqual([]);
  for (const tab of browser.tabs) {
    for (const channel of ["a", "b"]) {
      const log = browser.server.log.get(channel) ?? [];
      const due = inChannel(tab, channel).filter((n) => !tab.crashed || browser.committed.includes(n));
      expect(log.filter((n) => due.includes(n))).toEqual(due);
      for (const earlier of tab.before) {
        const left = inChannel(earlier, channel).filter((n) => log.includes(n));
        const last = Math.max(-1, ...left.map((n) => log.indexOf(n)));
        for (const n of due) expect(log.indexOf(n), `${n} after what was left`).toBeGreaterThan(last);
      }
    }
    if (tab.crashed) continue;
    for (const { nonce } of tab.added) {
      expect([nonce, tab.results.get(nonce)]).toEqual([nonce, doomed(nonce) ? "refused" : "stored"]);
      const ends = tab.told.filter((t) => t.startsWith(`${nonce} `));
      expect(ends.slice(0, 2)).toEqual([`${nonce} sending`, `${nonce} ${doomed(nonce) ? "failed" : "sent"}`]);
      expect(ends.lastIndexOf(`${nonce} sending`), `${nonce} waits once`).toBe(0);
    }
  }
}

for (const batch of [undefined, { most: 3, within: 20 }]) {
  test(`every draft of every tab is stored once and in order, whichever crash, freeze or lose their connection${batch ? ", in batches" : ""}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
        nonces = 0;
        const browser = new ModelBrowser(new ModelServer(doomed), batch);
        browser.open();
        browser.open();
        for (const s of steps) {
          take(browser, s);
          await settle();
        }
        await calm(browser);
        judge(browser);
      }),
      { numRuns: 300 },
    );
  });
}

test("what a closed tab left is shown at once, and sent by the next before its own", async () => {
  const browser = new ModelBrowser(new ModelServer());
  const first = browser.open();
  for (const n of ["1", "2", "3"]) first.add("a", n);
  while (browser.run(0)) await settle();
  first.crash();
  const next = browser.open();
  next.add("a", "4");
  while (browser.run(0)) await settle();
  expect(next.outbox.drafts("a").map((d) => d.nonce)).toEqual(["1", "2", "3", "4"]);
  expect(next.told).toEqual(["4 sending", "1 sending", "2 sending", "3 sending"]);
  next.connect();
  await calm(browser);
  expect(browser.server.log.get("a")).toEqual(["1", "2", "3", "4"]);
  expect(next.results.get("4")).toBe("stored");
});

test("a tab without a connection has its drafts sent by one that has, and is told", async () => {
  const browser = new ModelBrowser(new ModelServer());
  const [online, offline] = [browser.open(), browser.open()];
  online.connect();
  for (const n of ["1", "2"]) offline.add("a", n);
  for (let i = 0; i < 200 && offline.results.size < 2; i++) {
    browser.run(0);
    online.answer();
    await settle();
  }
  expect(browser.server.log.get("a")).toEqual(["1", "2"]);
  expect([...offline.results.values()]).toEqual(["stored", "stored"]);
  expect(offline.outbox.length).toBe(0);
});

test("what a tab that crashed had no time to tell of is found by the next that connects", async () => {
  const browser = new ModelBrowser(new ModelServer());
  const [idle, other] = [browser.open(), browser.open()];
  idle.connect();
  await settle();
  while (browser.run(0)) await settle();
  other.add("a", "1");
  for (const task of browser.queues.get("database")?.splice(0) ?? []) task();
  await settle();
  expect(browser.committed).toEqual(["1"]);
  other.crash();
  idle.cut(0);
  idle.connect();
  await calm(browser);
  expect(browser.server.log.get("a")).toEqual(["1"]);
});

test("what is stored while a tab reads what others have added does not wait again", async () => {
  const browser = new ModelBrowser(new ModelServer());
  const [one, two] = [browser.open(), browser.open()];
  const run = async (...names: string[]) => {
    for (let busy = true; busy; ) {
      busy = false;
      for (const [name, tasks] of browser.queues) {
        if (!names.includes(name)) continue;
        for (const task of tasks.splice(0)) {
          busy = true;
          task();
          await settle();
        }
      }
    }
  };
  one.connect();
  one.add("a", "1");
  await run("database", "locks");
  expect(one.wire.map((f) => f.nonce)).toEqual(["1"]);
  two.add("a", "2");
  await run("database");
  await run("1>0"); // now the first tab reads
  one.answer();
  await run("database", "locks", "0>1", "1>0");
  expect(one.told.filter((t) => t.startsWith("1 "))).toEqual(["1 sending", "1 sent"]);
  await calm(browser);
  expect(browser.server.log.get("a")).toEqual(["1", "2"]);
});

test("a tab that is frozen in its turn loses it to another, and is none the worse for it", async () => {
  const browser = new ModelBrowser(new ModelServer());
  const [frozen, other] = [browser.open(), browser.open()];
  const work = async () => {
    for (let i = 0; i < 100; i++) {
      browser.run(0);
      await settle();
    }
  };
  frozen.connect();
  frozen.add("a", "1");
  frozen.add("a", "2");
  await work();
  expect(frozen.wire.map((f) => f.nonce)).toEqual(["1"]);
  frozen.freeze();
  other.connect();
  other.add("a", "3");
  await work();
  expect(other.wire).toEqual([]);
  for (let i = 0; i < 3; i++) {
    browser.pass(5000);
    await work();
  }
  expect(other.wire.map((f) => f.nonce)).toEqual(["1"]);
  await calm(browser);
  expect(browser.server.log.get("a")).toEqual(["1", "2", "3"]);
  expect([...frozen.results.values()]).toEqual(["stored", "stored"]);
});

test("a keep that does not answer is done without, and it is said; what was added is sent", async () => {
  const server = new ModelServer();
  const wire: Frame[] = [];
  const timers: (() => void)[] = [];
  const said: unknown[] = [];
  const after = (_: number, callback: () => void) => {
    timers.push(callback);
    return () => timers.splice(timers.indexOf(callback), 1);
  };
  const outbox = new Outbox({
    send: (frame) => wire.push(frame) > 0,
    after,
    most: 10,
    kept: true,
  });
  const never = () => new Promise<never>(() => {});
  const keep = { add: never, remove: never, all: never };
  const tabs = (listener: TabsListener) => new Tabs({ queue: "q", keep, after, listener });
  outbox.attach(new Sharing(outbox, tabs, (why) => said.push(why)));
  outbox.resume();
  const sent = outbox.add({
    nonce: "1",
    channelId: "a",
    frame: { type: "publish", channelId: "a", nonce: "1" },
  });
  await settle();
  expect(wire).toEqual([]);
  for (const callback of timers.splice(0)) callback();
  await settle();
  expect(wire.map((f) => f.nonce)).toEqual(["1"]);
  expect(said).toHaveLength(1);
  for (const answer of server.take(wire[0] ?? { type: "" })) outbox.answered(answer);
  await expect(sent).resolves.toMatchObject({ type: "ack" });
});
