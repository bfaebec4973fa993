import type { Client, Message } from "@parley/client";
import { ParleyError } from "@parley/client";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount, clock } from "../src/files/amounts";
import { Gallery } from "../src/files/gallery";
import { Links } from "../src/files/links";
import { fileOf } from "../src/files/shared";
import { Speed } from "../src/files/speed";

const good = { type: "file", url: "/files/q3VtZWxhbmdlcmVzaWQ", fileName: "cat.png", fileSize: 5 };

describe("what a message says of a file", () => {
  test("is taken where it can be believed", () => {
    expect(fileOf({ body: { ...good, width: 4, height: 3, thumbnailUrl: "/files/x/thumbnail" } })).toEqual({
      id: "q3VtZWxhbmdlcmVzaWQ",
      name: "cat.png",
      size: 5,
      kind: "image",
      width: 4,
      height: 3,
      small: true,
    });
    expect(fileOf({ body: { ...good, fileName: "film.MP4" } })?.kind).toBe("video");
    expect(fileOf({ body: { ...good, fileName: "talk.opus" } })?.kind).toBe("audio");
    expect(fileOf({ body: { ...good, fileName: "cat.png" } })?.kind).toBe("other"); // the server saw no image
  });

  test("is shown without what is not seen, and not longer than a name", () => {
    const name = (fileName: string) => fileOf({ body: { ...good, fileName } })?.name;
    expect(name("photo\u202egnp.exe")).toBe("photognp.exe");
    expect(name("a\u0000\u200b\u2066b.txt")).toBe("ab.txt");
    expect(name("\u200f \u202e")).toBe("file");
    expect(name("x".repeat(5000))).toHaveLength(255);
    expect(name("grüße 世界.txt")).toBe("grüße 世界.txt");
  });

  test("is nothing where it is no file of this server", () => {
    const urls = [
      "https://evil.example/files/aaaaaaaaaa",
      "//evil.example",
      "/files/../v1/x",
      "/files/a?b=ccccccc",
    ];
    for (const url of [...urls, "javascript:alert(1)", "/files/", 7, null])
      expect(fileOf({ body: { ...good, url } })).toBeUndefined();
    for (const body of [undefined, null, "file", [good], { ...good, type: "image" }])
      expect(fileOf({ ...(body !== undefined && { body }) })).toBeUndefined();
  });

  test("never breaks, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (width, fileName, fileSize) => {
        const file = fileOf({
          body: JSON.parse(JSON.stringify({ ...good, width, height: width, fileName, fileSize })),
        });
        expect(file?.name).toBeTypeOf("string");
        expect(file?.width).toBeGreaterThanOrEqual(0);
        expect(file?.kind === "image").toBe((file?.width ?? 0) > 0);
      }),
    );
  });
});

test("amounts and times are as people say them", () => {
  expect([0, 999, 1000, 3_240_000, 999_600, 12_345_678_901].map(amount)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "3.2 MB",
    "1 MB",
    "12 GB",
  ]);
  expect([0, 59.9, 65, 3605].map(clock)).toEqual(["0:00", "0:59", "1:05", "1:00:05"]);
});

test("a speed is of the last seconds, and unknown at first and after a step back", () => {
  const speed = new Speed();
  speed.mark(0, 0);
  expect(speed.perSecond).toBeUndefined();
  for (let t = 1; t <= 20; t++) speed.mark(t * 1000, t * 100);
  expect(speed.perSecond).toBe(100);
  for (let t = 21; t <= 40; t++) speed.mark(t * 1000, 2000 + (t - 20) * 500);
  expect(speed.perSecond).toBe(500);
  speed.mark(41_000, 50);
  expect(speed.perSecond).toBeUndefined();
});

describe("links", () => {
  function world() {
    let now = 0;
    const asked: string[] = [];
    const request = async (_: string, path: string) => {
      asked.push(path);
      return { url: `${path}?link=${asked.length}`, expiresAt: new Date(now + 600_000).toISOString() };
    };
    const links = new Links({ request } as Pick<Client, "request">, () => now);
    return { links, asked, later: (ms: number) => (now += ms) };
  }

  test("are asked for once, again before they end, and again where one did not open", async () => {
    const { links, asked, later } = world();
    expect(await Promise.all([links.get("a"), links.get("a")])).toEqual(
      Array(2).fill("/v1/files/a/link?link=1"),
    );
    later(500_000);
    await links.get("a");
    expect(asked).toHaveLength(1);
    later(50_000);
    await links.get("a");
    expect(asked).toHaveLength(2);
    await links.get("a", true);
    expect(asked).toHaveLength(3);
  });

  test("that could not be had are asked for again", async () => {
    let fails = true;
    const request = async () => {
      if (fails) throw new ParleyError("unavailable", "no");
      return { url: "/files/a?link=x", expiresAt: new Date(1e12).toISOString() };
    };
    const links = new Links({ request } as Pick<Client, "request">, () => 0);
    await expect(links.get("a")).rejects.toMatchObject({ code: "unavailable" });
    fails = false;
    expect(await links.get("a")).toBe("/files/a?link=x");
  });
});

describe("the gallery", () => {
  /** A channel of 900 messages with images at these places, and a gallery that begins at the second. */
  function world() {
    const image = { ...good, width: 1, height: 1 };
    const all = Array.from({ length: 900 }, (_, i) => {
      const shown = [3, 450, 451, 899].includes(i);
      return {
        id: `${i}`,
        seq: i + 1,
        channelId: "c",
        ...(shown ? { body: image } : { text: "hello" }),
      } as Message;
    });
    const getHistory = async (_: string, page: { before?: number; after?: number; limit?: number }) => {
      const { before = Infinity, after = 0, limit = 50 } = page;
      const within = all.filter(({ seq }) => seq > after && seq < before);
      const cut = page.before !== undefined ? within.slice(-limit) : within.slice(0, limit);
      return Object.assign(cut, { messages: cut, head: "", more: within.length > cut.length });
    };
    const gallery = new Gallery({ getHistory } as unknown as Pick<Client, "getHistory">, all[450] as Message);
    return async (of: number, way: -1 | 1) => (await gallery.beside(all[of] as Message, way))?.id;
  }

  test("finds the image beside one across pages of other messages", async () => {
    const beside = world();
    expect(await beside(450, 1)).toBe("451");
    expect(await beside(451, 1)).toBe("899");
    expect(await beside(899, 1)).toBeUndefined();
    expect(await beside(450, -1)).toBe("3");
    expect(await beside(3, -1)).toBeUndefined();
  });

  test("has each image once, also where several look at once", async () => {
    const beside = world();
    expect(await Promise.all([beside(450, 1), beside(450, 1)])).toEqual(["451", "451"]);
    await Promise.all([beside(450, -1), beside(451, 1), beside(450, -1), beside(451, 1)]);
    expect(await beside(3, 1)).toBe("450");
    expect(await beside(899, -1)).toBe("451");
    expect(await beside(899, 1)).toBeUndefined();
  });
});
