import { ParleyError } from "@parley/client";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { directId, otherOf } from "../src/channels/listed";
import { whoIs } from "../src/channels/naming";
import { channelIdOf } from "../src/channels/standing";
import { matching } from "../src/channels/switcher";
import { hashOf, type Place, placeOf } from "../src/route";
import {
  forget,
  lastName,
  recall,
  recallSaid,
  remember,
  rememberSaid,
  userIdOf,
} from "../src/session/credentials";
import { hueOf, initials } from "../src/ui/avatar";
import { since } from "../src/ui/time";

const name = fc.string({ minLength: 1, maxLength: 40, unit: "binary" });

describe("places", () => {
  it("come back from their hash, whatever is in their names", () => {
    const place: fc.Arbitrary<Place> = fc.oneof(
      fc.constant({ at: "home" } as const),
      fc.constant({ at: "settings" } as const),
      fc.record({ at: fc.constant("search" as const), query: fc.string({ unit: "grapheme" }) }),
      fc.record({
        at: fc.constant("channel" as const),
        channelId: fc.string({ minLength: 1, unit: "grapheme" }),
      }),
      fc.record({
        at: fc.constant("channel" as const),
        channelId: fc.string({ minLength: 1, unit: "grapheme" }),
        messageId: fc.uuid(),
      }),
      fc.record({
        at: fc.constant("channel" as const),
        channelId: fc.string({ minLength: 1, unit: "grapheme" }),
        threadId: fc.uuid(),
      }),
    );
    fc.assert(
      fc.property(place, (p) => {
        expect(placeOf(hashOf(p))).toEqual(p);
      }),
    );
  });

  it("are home where a hash names none, and never an error", () => {
    for (const hash of ["", "#", "#/", "#/nothing", "#/c", "#/c/"])
      expect(placeOf(hash)).toEqual({ at: "home" });
    fc.assert(fc.property(fc.string(), (hash) => void placeOf(`#${hash}`)));
  });

  it("are a channel's where a hash is a bare name, as old links are", () => {
    expect(placeOf("#general")).toEqual({ at: "channel", channelId: "general" });
    expect(placeOf("#a%20b")).toEqual({ at: "channel", channelId: "a b" });
    expect(placeOf("#/c/50%")).toEqual({ at: "channel", channelId: "50%" });
  });
});

describe("direct channels", () => {
  it("have one id, whoever asks, and name the other", () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        fc.pre(a !== b);
        expect(directId(a, b)).toBe(directId(b, a));
        expect(otherOf(directId(a, b), a)).toBe(b);
        expect(otherOf(directId(a, b), b)).toBe(a);
        expect(otherOf(directId(a, b), `${a}${b}!`)).toBeUndefined();
      }),
    );
  });

  it("are named as the server names them: escaped, in the order of bytes", () => {
    expect(directId("ben", "ada")).toBe("dm:ada:ben");
    expect(directId("a:b", "a~b")).toBe("dm:a~.b:a~~b");
    expect(directId("\u{1F600}", "\uFF5E")).toBe("dm:\uFF5E:\u{1F600}");
    for (const no of ["general", "dm:", "dm:a", "dm:a:b:c", "xdm:a:b"])
      expect(otherOf(no, "a")).toBeUndefined();
  });
});

describe("credentials", () => {
  const drawers = { tab: sessionStorage, device: localStorage };
  beforeEach(() => {
    sessionStorage.clear();
    localStorage.clear();
  });

  it("are the tab's, and the device's for who stays", () => {
    remember(drawers, { kind: "name", name: "Ada" }, false);
    expect(recall(drawers, "name")).toEqual({ kind: "name", name: "Ada" });
    expect(recall({ tab: undefined, device: localStorage }, "name")).toBeUndefined();
    expect(lastName(drawers)).toBe("Ada");
    remember(drawers, { kind: "token", token: "t" }, true);
    expect(recall({ tab: undefined, device: localStorage }, "token")).toEqual({ kind: "token", token: "t" });
    forget(drawers);
    expect(recall(drawers, "token")).toBeUndefined();
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain('"t"');
  });

  it("have with them what somebody said of themselves, in the tab, and on the device for who stays", () => {
    const said = { status: "away", custom: "at lunch" } as const;
    const device = { tab: undefined, device: localStorage };
    rememberSaid(drawers, said);
    expect(recallSaid(drawers)).toBeUndefined(); // it is nobody's
    remember(drawers, { kind: "name", name: "Ada" }, false);
    rememberSaid(drawers, said);
    expect([recallSaid(drawers), recallSaid(device)]).toEqual([said, undefined]);
    remember(drawers, { kind: "name", name: "Ada" }, true);
    rememberSaid(drawers, { ...said, custom: null });
    expect(recallSaid(device)).toEqual({ ...said, custom: null });
    forget(drawers);
    expect([recallSaid(drawers), recallSaid(device)]).toEqual([undefined, undefined]);
    for (const text of [
      "",
      "null",
      '"x"',
      '{"status":"gone","custom":null}',
      '{"status":"away","custom":1}',
    ]) {
      sessionStorage.setItem("parley.said", text);
      expect(recallSaid(drawers)).toBeUndefined();
    }
  });

  it("that were refused are forgotten, and not those that another tab has got since", () => {
    const [old, fresh] = [{ kind: "token", token: "old" } as const, { kind: "token", token: "new" } as const];
    remember(drawers, old, true);
    remember({ tab: undefined, device: localStorage }, fresh, true);
    forget(drawers, old);
    expect(recall(drawers, "token")).toEqual(fresh);
    forget(drawers, fresh);
    expect(recall(drawers, "token")).toBeUndefined();
  });

  it("of another kind than the server takes are none, nor is what somebody else wrote there", () => {
    remember(drawers, { kind: "name", name: "Ada" }, true);
    expect(recall(drawers, "token")).toBeUndefined();
    for (const text of ["", "{", "null", "[]", '{"kind":"name"}', '{"kind":"name","name":1}', '"x"']) {
      sessionStorage.setItem("parley.credentials", text);
      localStorage.setItem("parley.credentials", text);
      expect(recall(drawers, "name"), text).toBeUndefined();
    }
  });

  it("are forgotten at once where a browser keeps nothing", () => {
    const none = { tab: undefined, device: undefined };
    remember(none, { kind: "name", name: "Ada" }, true);
    expect(recall(none, "name")).toBeUndefined();
  });

  it("by name: the same name is the same person", () => {
    expect(userIdOf("  Ada  Lovelace ")).toBe("ada-lovelace");
    expect(userIdOf("ＡＤＡ")).toBe("ada");
  });
});

describe("small things", () => {
  it("a channel is found by what its maker called it", () => {
    expect(channelIdOf(" #Field Notes ")).toBe("field-notes");
    expect(channelIdOf("##")).toBe("");
  });

  it("the switcher puts what begins so first, and knows what it means by a few letters", () => {
    const all = ["release-notes", "general", "not-general", "engineering"].map((n) => ({ name: n, id: n }));
    const found = (text: string) => matching(all, text).map((one) => one.name);
    expect(found("gen")).toEqual(["general", "not-general", "engineering"]);
    expect(found("#ngl")).toEqual(["not-general"]);
    expect(found("rnotes")).toEqual(["release-notes"]);
    expect(found("zzz")).toEqual([]);
    expect(found("")).toHaveLength(4);
    const titled = [{ name: "Field Notes", id: "field-notes" }];
    expect(matching(titled, "field-n")).toEqual(titled);
  });

  it("a text means the one whose id it is, or the one who goes by that name, and nobody where it may be several", async () => {
    const client = {
      getPresence: async (userId: string) => {
        if (userId === "down") throw new ParleyError("unavailable", "no");
        if (userId !== "ben") throw new ParleyError("not_found", "nobody");
        return { userId, status: "online" } as const;
      },
    };
    const met = [
      { userId: "mallory", userName: "ben" },
      { userId: "u-1", userName: "Cy" },
      { userId: "u-2", userName: "Ada" },
      { userId: "u-3", userName: "ada" },
    ];
    const meant = (text: string) => whoIs(client, met, text, text);
    expect(await meant("ben")).toEqual({ user: "ben", others: [] });
    expect(await meant("cy")).toEqual({ user: "u-1", others: [] });
    expect(await meant("Ada")).toEqual({ others: ["u-2", "u-3"] });
    expect(await meant("nobody")).toEqual({ others: [] });
    await expect(meant("down")).rejects.toMatchObject({ code: "unavailable" });
  });

  it("initials are at most two letters of any script, and a hue is always the same", () => {
    expect(["Ada Lovelace", "ben", "", "😀", "Ünal von Öz", "cy-the-third"].map(initials)).toEqual([
      "AL",
      "B",
      "?",
      "?",
      "ÜÖ",
      "CT",
    ]);
    expect(hueOf("ada")).toBe(hueOf("ada"));
  });

  it("how long ago is said in the largest unit that fits", () => {
    const now = Date.parse("2026-01-31T12:00:00Z");
    const ago = (seconds: number) => since(now - seconds * 1000, now);
    expect(ago(10)).toBe(new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(0, "minute"));
    expect(ago(3 * 3600 + 1800)).toMatch(/3/);
    expect(ago(49 * 3600)).toMatch(/2/);
  });
});
