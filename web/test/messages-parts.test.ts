import type { ClientEvents, LogEvent } from "@parley/client";
import type { ListedMessage, StoredMessage } from "@parley/client/messages";
import { expect, test } from "vitest";
import { begunAt, closedAt, replaced } from "../src/messages/completion";
import { Drafts } from "../src/messages/drafts";
import { emojiOf, findEmoji } from "../src/messages/emoji";
import { Lines } from "../src/messages/lines";
import { lastToEdit } from "../src/messages/list";
import { goesOn, indexOf, placeOf } from "../src/messages/order";
import { People } from "../src/messages/people";
import { suggestionsFor } from "../src/messages/suggestions";

const message = (seq: number, more: Partial<StoredMessage> = {}): StoredMessage => ({
  key: `k${seq}`,
  id: `m${seq}`,
  channelId: "c",
  senderId: "ada",
  createdAt: new Date(Date.UTC(2026, 0, 31, 12, 0, seq)).toISOString(),
  seq,
  sequence: seq - 1,
  text: `${seq}`,
  ...more,
});

test("a draft is its user's and its place's, and a browser that keeps nothing breaks nothing", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const [ada, ben] = [new Drafts(storage, "ada"), new Drafts(storage, "ben")];
  ada.set("c", "hello");
  expect([ada.get("c"), ada.get("d"), ben.get("c")]).toEqual(["hello", "", ""]);
  ada.set("c", "");
  expect(kept.size).toBe(0);
  new Drafts(storage, "").set("c", "whose?");
  expect(kept.size).toBe(0);
  const broken = new Drafts({ ...storage, getItem: () => fail(), setItem: () => fail() }, "ada");
  broken.set("c", "x");
  expect(broken.get("c")).toBe("");
  expect(new Drafts(undefined, "ada").get("c")).toBe("");
});

function fail(): never {
  throw new Error("there is no room");
}

test("what is begun at the caret is a call or an emoji, and nothing in the middle of a word", () => {
  expect(begunAt("hey @be", 7)).toEqual({ kind: "mention", from: 4, query: "be" });
  expect(begunAt("@", 1)).toEqual({ kind: "mention", from: 0, query: "" });
  expect(begunAt("look :rock", 10)).toEqual({ kind: "emoji", from: 5, query: "rock" });
  for (const text of ["ada@be", "10:30", "x:rock", ":r", "@ada "])
    expect([text, begunAt(text, text.length)]).toEqual([text, undefined]);
  expect(closedAt("so :tada:", 9)).toEqual({ from: 3, code: "tada" });
  expect(closedAt("at 10:30:", 9)).toBeUndefined();
  expect(replaced("hey @be!", 4, 7, "@ben ")).toEqual({ text: "hey @ben !", caret: 9 });
});

test("the last message is the one to edit, not one before it while it is on its way", () => {
  const pending = (nonce: string, status: "sending" | "failed"): ListedMessage => ({
    key: nonce,
    status,
    nonce,
    channelId: "c",
    senderId: "ada",
    createdAt: message(9).createdAt,
    draft: { text: nonce },
  });
  const [mine, theirs, deleted] = [
    message(1),
    message(2, { senderId: "ben" }),
    message(3, { deletedAt: message(4).createdAt }),
  ];
  const said = [mine, theirs, deleted];
  expect(lastToEdit(said, "ada")).toBe(mine);
  expect(lastToEdit(said, "cy")).toBeUndefined();
  expect(lastToEdit([...said, pending("x", "sending")], "ada")).toBeUndefined();
  expect(lastToEdit([...said, pending("x", "sending")], "ben")).toBe(theirs);
  expect(lastToEdit([...said, pending("x", "failed")], "ada")).toBe(mine);
});

test("emoji are found by their codes, then by their words", () => {
  expect(emojiOf("tada")).toBe("🎉");
  expect(emojiOf("no such")).toBeUndefined();
  expect(findEmoji("rocket", 5)[0]?.emoji).toBe("🚀");
  expect(findEmoji("heart", 3).every((e) => e.words.includes("heart"))).toBe(true);
  expect(findEmoji("zzzz", 3)).toEqual([]);
});

test("people are called by name or id, and oneself is not offered", () => {
  const people = new People(
    new Map([
      ["ada", "Ada L."],
      ["ben", ""],
      ["u-7", "Cy"],
    ]),
  );
  expect(people.calledIn("hey @Ada L., @ben and @cy, not x@ben")).toEqual(["ada", "ben", "u-7"]);
  expect(people.calledIn("nobody")).toEqual([]);
  const offered = (query: string) =>
    suggestionsFor({ kind: "mention", from: 0, query }, people, "ben", undefined).map((s) => s.text);
  expect(offered("")).toEqual(["@Ada L. ", "@Cy "]);
  expect(offered("l")).toEqual(["@Ada L. "]);
  expect(offered("u-")).toEqual(["@Cy "]);
});

test("a message is found by its seq, and one on its way at the end", () => {
  const waiting: ListedMessage = {
    key: "n",
    nonce: "n",
    status: "sending",
    channelId: "c",
    senderId: "ada",
    createdAt: "",
    draft: {},
  };
  const all = [message(2), message(5), message(9), waiting];
  expect([placeOf(all, 1), placeOf(all, 5), placeOf(all, 6), placeOf(all, 10)]).toEqual([0, 1, 2, 3]);
  expect([indexOf(all, message(9)), indexOf(all, waiting), indexOf(all, message(3))]).toEqual([2, 3, -1]);
});

test("messages of one person stand together for five minutes, on one day, in one thread", () => {
  const first = message(1);
  expect(goesOn(first, message(2))).toBe(true);
  expect(goesOn(undefined, first)).toBe(false);
  expect(goesOn(first, message(2, { senderId: "ben" }))).toBe(false);
  expect(goesOn(first, message(2, { parentId: "m0" }))).toBe(false);
  expect(goesOn(first, message(400))).toBe(false);
  expect(goesOn(first, message(2, { deletedAt: first.createdAt }))).toBe(false);
});

test("what else happened is asked for once, where numbers have holes, and then heard", async () => {
  const member = (seq: number): LogEvent => ({
    type: "member",
    channelId: "c",
    seq,
    userId: "ben",
    role: "member",
    muted: false,
    banned: false,
    by: "ben",
    at: "",
  });
  const asked: unknown[] = [];
  let tell: (event: LogEvent) => void = () => {};
  const client = {
    on(name: keyof ClientEvents, listener: (event: never) => void) {
      if (name === "event") tell = listener as (event: LogEvent) => void;
      return () => {};
    },
    async request(_method: string, _path: string, { query }: { query: unknown }) {
      asked.push(query);
      return { events: [member(3)] };
    },
  };
  const lines = new Lines(client as never, "c");
  const told = new Promise<void>((done) => lines.subscribe(done));
  const all = [message(1), message(2), message(4), message(5)];
  lines.look(all, { top: false, end: false });
  lines.look(all, { top: false, end: false });
  await told;
  expect(asked).toEqual([{ after: 2, limit: 1 }]);
  expect(lines.between(2, 4).map((l) => l.seq)).toEqual([3]);
  expect(lines.between(2, 4)).toBe(lines.between(2, 4));
  tell(member(6));
  lines.look([...all, message(7)], { top: false, end: false });
  expect(lines.between(5, 7).map((l) => l.seq)).toEqual([6]);
  tell(member(8));
  tell(member(9));
  lines.look([message(7), message(10)], { top: false, end: false });
  expect(asked).toHaveLength(1); // those were heard
});
