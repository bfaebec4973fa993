import fc from "fast-check";
import { expect, test } from "vitest";
import { lineOf } from "../src/console/channels/event";
import { daysOf, secondsOf } from "../src/console/channels/retention";
import { figure, span } from "../src/console/moment";
import { beginning, justBefore } from "../src/console/prefix";
import { wordsFor } from "../src/console/refused";
import { address, Refusal } from "../src/console/rest";
import { hashOf, type Place, placeOf, tabs } from "../src/console/route";
import { strings } from "../src/console/strings";
import { claimsOf } from "../src/console/tokens/claims";

const name = fc.oneof(
  fc.string({ minLength: 1, unit: "binary" }).filter((text) => text.isWellFormed()),
  fc.constantFrom("a/b", "%", "%2F", "#?&", "..", "dm:ada:ben"),
);
const place: fc.Arbitrary<Place> = fc.oneof(
  fc.constantFrom<Place>(
    { page: "overview" },
    { page: "channels" },
    { page: "keys" },
    { page: "configuration" },
  ),
  fc.record({ page: fc.constant("channel" as const), channel: name, tab: fc.constantFrom(...tabs) }),
  fc.record({ page: fc.constant("message" as const), channel: name, message: name }),
  fc.record({ page: fc.constant("user" as const), user: name }),
);

test("a place is the one that its hash names, whatever things are called", () => {
  fc.assert(fc.property(place, (there) => void expect(placeOf(hashOf(there))).toEqual(there)));
});

test("a hash that somebody made up is a place, too", () => {
  fc.assert(fc.property(fc.string(), (hash) => void expect(hashOf(placeOf(hash))).toMatch(/^#\//)));
  expect(placeOf("#/channels/%E0%A4%A/members")).toEqual({
    page: "channel",
    channel: "%E0%A4%A",
    tab: "members",
  });
});

test("names in a path stay in their place, and empty parameters are left out", () => {
  expect(address("/v1/channels/{channel}", { channel: "../keys?x=/#" })).toBe(
    "/v1/channels/..%2Fkeys%3Fx%3D%2F%23",
  );
  expect(address("/v1/users", {}, { after: undefined, limit: 0, order: "" })).toBe("/v1/users?limit=0");
});

test("a name that browsers take for a step goes into no path", () => {
  for (const user of [".", ".."]) {
    expect(() => address("/v1/users/{user}/sessions", { user })).toThrow(Refusal);
  }
  const wholly = fc.string({ minLength: 1 }).filter((text) => text.isWellFormed() && !/^\.{1,2}$/.test(text));
  fc.assert(
    fc.property(wholly, (user) => {
      const { pathname } = new URL(address("/v1/users/{user}/sessions", { user }), "http://localhost");
      expect(pathname.split("/").length).toBe(5);
    }),
  );
});

test("an event is one line, whatever is in it", () => {
  const kinds = [
    "message",
    "message.update",
    "message.delete",
    "member",
    "reaction",
    "pin",
    "state",
    "call",
    "x",
  ];
  const event = fc
    .dictionary(fc.string(), fc.jsonValue())
    .chain((members) => fc.constantFrom(...kinds).map((type) => ({ ...members, type })));
  fc.assert(
    fc.property(event, (raw) => {
      const line = lineOf(raw);
      expect(typeof line.what).toBe("string");
      expect(typeof line.seq).toBe("number");
    }),
  );
});

test("every kind of event says who did what", () => {
  const at = "2026-11-22T10:00:00.000Z";
  const of = (raw: Record<string, unknown>) => {
    const { who, what } = lineOf(raw);
    return `${who ?? strings.serverItself}: ${what}`;
  };
  expect(of({ type: "message", seq: 1, senderId: "ada", text: "hello", createdAt: at })).toBe("ada: hello");
  expect(of({ type: "message", seq: 1, senderId: "ada", text: "", body: { a: 1 } })).toBe('ada: {"a":1}');
  expect(of({ type: "message", seq: 1, senderId: "ada", deletedAt: at })).toBe("ada: deleted");
  expect(of({ type: "message.update", seq: 2, userId: "ada", newText: "bye" })).toBe("ada: bye");
  expect(of({ type: "message.delete", seq: 3, targetSeq: 1 })).toBe("the server: ");
  expect(of({ type: "member", userId: "ben", by: "ada", role: "", banned: true })).toBe(
    "ada: ben: no member, banned",
  );
  expect(of({ type: "reaction", userId: "ben", reaction: "👍", on: false })).toBe("ben: 👍 taken away");
  expect(of({ type: "pin", userId: "ben", on: true })).toBe("ben: pinned");
  expect(of({ type: "state", userId: "ben", key: "turn", value: null })).toBe("ben: turn = null");
  expect(of({ type: "state", key: "turn", deleted: true })).toBe("the server: turn taken away");
  expect(of({ type: "call", callerId: "ada", calleeId: "ben", state: "missed" })).toBe(
    "the server: ada called ben: missed",
  );
});

test("days and seconds are the same time", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 * 365 * 86_400 }),
      (seconds) => void expect(secondsOf(daysOf(seconds))).toBe(seconds),
    ),
  );
  for (const wrong of ["", "0", "-1", "x", "1e99", "Infinity"]) expect(secondsOf(wrong)).toBeUndefined();
});

test("a search by prefix finds exactly what begins so, over all its pages", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom("a", "b", "ab") })),
      fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom("a", "b") }),
      fc.integer({ min: 1, max: 3 }),
      async (names, prefix, size) => {
        const all = names.sort();
        const after = async (from: string) => {
          const items = all.filter((one) => one > from).slice(0, size);
          return { items, next: items.length === size ? items.at(-1) : undefined };
        };
        const found: string[] = [];
        for (let from: string | undefined, first = true; first || from !== undefined; first = false) {
          const page = await beginning(prefix, from, after, (one) => one);
          found.push(...page.items);
          from = page.next;
        }
        expect(found).toEqual(all.filter((one) => one.startsWith(prefix)));
      },
    ),
  );
});

test("just before a beginning is nothing that begins so, and nothing is between", () => {
  const bytes = (text: string) => Buffer.from(text);
  const printable = fc.string({ minLength: 1, unit: "grapheme" });
  fc.assert(
    fc.property(printable, fc.string({ unit: "grapheme" }), (prefix, rest) => {
      expect(Buffer.compare(bytes(justBefore(prefix)), bytes(prefix + rest))).toBe(-1);
    }),
  );
  expect(Buffer.compare(bytes(justBefore("ben")), bytes("bem and what follows it"))).toBe(1);
  expect(justBefore("\u{e000}")).toBe("\u{d7ff}\u{10ffff}");
});

test("of a token its id and end are read, and what is none is not one", () => {
  const token = (claims: unknown) => `e30.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.c2ln`;
  expect(claimsOf(token({ jti: "t1", exp: 1_800_000_000 }))).toEqual({
    jti: "t1",
    exp: "2027-01-15T08:00:00.000Z",
    project: undefined,
  });
  expect(claimsOf(token({ sub: "ada", project: "shop" }))).toEqual({
    jti: undefined,
    exp: undefined,
    project: "shop",
  });
  expect(claimsOf(token({ jti: 5, exp: "soon" }))).toEqual({
    jti: undefined,
    exp: undefined,
    project: undefined,
  });
  expect(claimsOf(token({ exp: 1e300 }))?.exp).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => void expect(() => claimsOf(text)).not.toThrow()));
});

test("a refusal is told in words, with what the server says of it", () => {
  expect(wordsFor({ code: "not_found" })).toBe("There is no such thing.");
  expect(wordsFor({ code: "invalid", detail: "ttl is too long" })).toBe(
    "The server does not take this. (ttl is too long)",
  );
  expect(wordsFor({ code: "brand_new" })).toBe("The server refused: brand_new.");
});

test("times and numbers are told in few digits", () => {
  expect([span(0.2134), span(4.25), span(1500)]).toEqual(["213 µs", "4.25 ms", "1.5 s"]);
  expect([figure(12345.6), figure(12.345), figure(0)]).toEqual(["12,346", "12.3", "0"]);
});
