import { expect, test, vi } from "vitest";
import type { Message } from "../src";
import { MessageList } from "../src/messages";
import { Timeline } from "../src/timeline";
import { channelId, logOf, me } from "./channellog";
import { answered, frozen, Source, talk, turn } from "./listsource";

const seqs = (list: MessageList) => list.snapshot.messages.map((m) => m.seq);

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

test("a list begins around a message, grows at both ends, and goes to the present", async () => {
  const source = talk(30);
  const list = new MessageList(source, channelId, { limit: 3, around: "m10" });
  const stop = list.subscribe(() => {});
  await answered(source);
  expect(seqs(list)).toEqual([8, 9, 10, 11, 12, 13]);
  expect(list.snapshot).toMatchObject({ hasOlder: true, hasNewer: true, loading: false });
  void list.loadNewer();
  await answered(source);
  void list.loadOlder();
  await answered(source);
  expect(seqs(list)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
  void list.jump(7);
  expect(source.waits).toBe(false);
  void list.jump();
  expect(list.snapshot.loading).toBe(true);
  await answered(source);
  expect(seqs(list)).toEqual([28, 29, 30]);
  expect(list.snapshot.hasNewer).toBe(false);
  stop();
});

test("a jump to a message that is not there fails, and what is shown stays", async () => {
  const source = talk(10);
  const list = new MessageList(source, channelId, { limit: 3 });
  const stop = list.subscribe(() => {});
  await answered(source);
  const shown = list.snapshot;
  const refused = expect(list.jump("m99")).rejects.toMatchObject({ code: "not_found" });
  await answered(source);
  await refused;
  expect(list.snapshot).toBe(shown);
  stop();
});

test("one's own that is sent away from the present is not listed before the present is", async () => {
  const source = talk(10);
  const list = new MessageList(source, channelId, { limit: 2, around: 3 });
  const stop = list.subscribe(() => {});
  await answered(source);
  const draft = { text: "mine" };
  source.events.emit("status", { channelId, nonce: "mine", status: "sending", draft });
  expect(seqs(list)).toEqual([2, 3, 4, 5]);
  void list.jump();
  await answered(source);
  expect(list.snapshot.messages).toMatchObject([
    { seq: 9 },
    { seq: 10 },
    { status: "sending", text: "mine" },
  ]);
  stop();
});

test("with `every` listeners are told of many changes at once, and of the last", async () => {
  const source = talk(200);
  source.committed = source.followed = 100;
  const list = new MessageList(source, channelId, { every: 50 });
  let told = 0;
  const stop = list.subscribe(() => told++);
  await answered(source);
  const before = told;
  for (let i = 0; i < 100; i++) {
    source.commit();
    source.deliver(false);
    await turn();
  }
  await vi.waitFor(() => expect(told).toBeGreaterThan(before));
  expect(told - before).toBeLessThan(100);
  expect(seqs(list).at(-1)).toBe(200);
  stop();
});

/** A list of so many messages, and how long so many events take in it, in milliseconds. */
function timed(held: number, events: number): { timeline: Timeline; took: number } {
  const body = (seq: number): Message => ({
    id: `m${seq}`,
    channelId,
    senderId: seq % 3 ? "bob" : me,
    text: "x",
    createdAt: "2026-01-31T12:00:00.000Z",
    seq,
    sequence: seq - 1,
    nonce: `n${seq}`,
  });
  const timeline = new Timeline(talk(0));
  for (let end = held; end > 0; end -= 1000) {
    const page = Array.from({ length: 1000 }, (_, i) => body(end - 999 + i));
    timeline.addPage(page, end > 1000);
  }
  const begun = performance.now();
  for (let i = 1; i <= events; i++) {
    const [seq, targetSeq] = [held + 2 * i - 1, 1 + (i % held)];
    timeline.apply({ type: "message", ...body(seq) });
    timeline.apply({
      type: "reaction",
      id: `m${targetSeq}`,
      channelId,
      seq: seq + 1,
      targetSeq,
      sequence: 0,
      reaction: "+",
      on: true,
      userId: "bob",
      at: "",
    });
    timeline.moved();
  }
  return { timeline, took: performance.now() - begun };
}

test("an event costs about as much in a list of 100,000 as in one of 1000, but for the array of them", () => {
  timed(1000, 3000); // compiled by now
  const small = timed(1000, 3000);
  const { timeline, took } = timed(100_000, 3000);
  // A walk through all that is held for each event would take a hundred times as long.
  expect(took).toBeLessThan(30 * small.took + 500);
  expect(timeline.messages.length).toBe(103_000);
  expect(timeline.messages[99_998]).toMatchObject({ seq: 99_999, status: "sent" });
  const array = timeline.messages;
  expect(timeline.messages).toBe(array);
});

test("beyond `most` the oldest are forgotten, a 16th of it at a time, and are there to be loaded", () => {
  const source = talk(400);
  const timeline = new Timeline(source);
  timeline.addPage([], false);
  const held: number[] = [];
  for (const event of source.log) {
    timeline.apply(event);
    timeline.trim(160);
    held.push(timeline.messages.length);
  }
  expect(Math.max(...held)).toBe(160);
  expect(held.slice(159, 163)).toEqual([160, 150, 151, 152]);
  const cuts = held.filter((n, i) => n < (held[i - 1] ?? 0));
  expect(new Set(cuts)).toEqual(new Set([150]));
  expect(cuts.length).toBe(Math.ceil((400 - 160) / 11));
  expect(timeline.oldest).toBe(timeline.messages[0]?.seq);
  expect(timeline.messages.at(-1)?.seq).toBe(400);
});
