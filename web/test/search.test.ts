import type { Message } from "@parley/client";
import fc from "fast-check";
import { expect, test } from "vitest";
import { excerpt } from "../src/search/excerpt";
import { byChannel, foundOf, type Hit } from "../src/search/found";

const hit = (id: string, channelId: string): Hit => ({
  message: {
    id,
    channelId,
    senderId: "ada",
    text: id,
    createdAt: "2026-01-31T12:00:00.000Z",
    seq: 1,
    sequence: 0,
  } satisfies Partial<Message> as Message,
  highlights: [],
});

test("an excerpt of a short text is the text, with what was found marked", () => {
  expect(excerpt("the café by the lake", [{ from: 4, to: 8 }])).toEqual([
    { text: "the ", marked: false },
    { text: "café", marked: true },
    { text: " by the lake", marked: false },
  ]);
  expect(excerpt("", [])).toEqual([]);
});

test("an excerpt of a long text begins near what was found", () => {
  const text = `${"far away ".repeat(200)}the café ${"and on ".repeat(200)}`;
  const from = text.indexOf("café");
  const pieces = excerpt(text, [{ from, to: from + 4 }]);
  expect(pieces.filter((p) => p.marked)).toEqual([{ text: "café", marked: true }]);
  expect(pieces[0]?.text).toBe("… ");
  expect(pieces.at(-1)?.text).toBe(" …");
  expect(pieces.map((p) => p.text).join("").length).toBeLessThan(400);
});

test("an excerpt is a part of its text without halves of characters, whatever is marked", () => {
  const range = fc.record({ from: fc.nat(2000), to: fc.nat(2000) });
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 1500 }),
      fc.array(range, { maxLength: 5 }),
      (text, marks) => {
        const highlights = marks
          .map(({ from, to }) => ({ from: boundary(text, from), to: boundary(text, to) }))
          .sort((a, b) => a.from - b.from);
        const shown = excerpt(text, highlights);
        const said = shown.map((p) => p.text).join("");
        expect(said.isWellFormed()).toBe(true);
        const bare = said.replace(/^… /, "").replace(/ …$/, "");
        expect(text.includes(bare) || text.includes(said)).toBe(true);
        expect(shown.every((p) => p.text !== "")).toBe(true);
      },
    ),
  );
});

/** A place of a text that is not within a character. */
function boundary(text: string, at: number): number {
  const n = Math.min(at, text.length);
  const unit = text.charCodeAt(n);
  return unit >= 0xdc00 && unit <= 0xdfff ? n - 1 : n;
}

test("hits stand by channel, the channel with the newest first, each in its order", () => {
  const groups = byChannel([hit("1", "a"), hit("2", "b"), hit("3", "a")]);
  expect(groups.map((g) => [g.channelId, g.hits.map((h) => h.message.id)])).toEqual([
    ["a", ["1", "3"]],
    ["b", ["2"]],
  ]);
});

test("an answer without anything is an empty page", () => {
  expect(foundOf({ messages: [] })).toEqual({ hits: [], next: undefined, indexing: false });
});
