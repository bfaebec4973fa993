import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { until } from "../../../e2e/server.mjs";
import { type Client, ParleyError } from "../src";
import { largestUpload, type ResumableOptions, ResumableUpload, type UploadMemory } from "../src/files";
import { World } from "./harness";

const world = new World("--dev", "--upload-max-size", "4MiB");
const mebibyte = 1 << 20;
const quick = { base: 10, cap: 50 };

/** Bytes that are different everywhere. */
function bytes(size: number, seed = 7): Uint8Array<ArrayBuffer> {
  let state = seed;
  return new Uint8Array(size).map(() => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return state >> 16;
  });
}

/** What is remembered, for as long as the test. */
function memory(): UploadMemory & Map<string, string> {
  const all = new Map<string, string>();
  return Object.assign(all, { remove: (key: string) => void all.delete(key) });
}

function upload(client: Pick<Client, "exchange" | "on">, file: Blob, more: Partial<ResumableOptions> = {}) {
  return new ResumableUpload(client, file, {
    channel: "files",
    memory: false,
    piece: mebibyte / 4,
    backoff: quick,
    ...more,
  });
}

async function content(url: string, userId = "ada"): Promise<Uint8Array> {
  const answer = await fetch(`${world.server.url}${url}?userId=${userId}`);
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

type Exchange = Client["exchange"];

/** The client, but that each request goes through `how`, with its number from 0. */
function through(client: Client, how: (n: number, ask: () => Promise<unknown>) => Promise<unknown>) {
  let n = 0;
  const exchange: Exchange = (path, send, signal) => how(n++, () => client.exchange(path, send, signal));
  return { exchange, on: client.on.bind(client) as Client["on"], asked: () => n };
}

function lost(): ParleyError {
  return new ParleyError("unavailable", "lost on its way", { retry: true });
}

describe("a resumable upload", () => {
  test("of a small file is one request, and answers what upload answers", async () => {
    const ada = world.client("ada");
    const way = through(ada, (_, ask) => ask());
    const sent = await upload(way, new File(["Hello, file"], "hællo 🎈.txt")).start();
    expect(way.asked()).toBe(1);
    const form = await ada.upload(new File(["Hello, file"], "hællo 🎈.txt"), { channel: "files" });
    expect({ ...sent, url: "" }).toEqual({ ...form, url: "" });
    expect(sent.fileName).toBe("hællo 🎈.txt");
    expect(new TextDecoder().decode(await content(sent.url))).toBe("Hello, file");
  });

  test("of nothing is a file without bytes", async () => {
    const { url, fileSize } = await upload(world.client("ada"), new File([], "empty")).start();
    expect(fileSize).toBe(0);
    expect(await content(url)).toHaveLength(0);
  });

  test("of a large file goes in pieces, and tells how far it is", async () => {
    const file = bytes(mebibyte + 12_345);
    const told: number[] = [];
    const u = upload(world.client("ada"), new Blob([file]));
    u.subscribe(() => told.push(u.snapshot().sent));
    const { url } = await u.start();
    expect(u.snapshot()).toMatchObject({ state: "done", sent: file.length, total: file.length });
    expect(told.filter((n, i) => i > 0 && n < (told[i - 1] ?? 0))).toEqual([]);
    expect(new Set(told).size).toBeGreaterThan(4);
    expect(Buffer.compare(await content(url), file)).toBe(0);
  });

  test("sends nothing while it is paused, and goes on from there", async () => {
    const file = bytes(mebibyte);
    const way = through(world.client("ada"), (_, ask) => ask());
    const u = upload(way, new Blob([file]));
    const stop = u.subscribe(() => {
      if (u.snapshot().sent < mebibyte / 2) return;
      stop();
      u.pause();
    });
    const done = u.start();
    await until("the pause", () => u.snapshot().state === "paused");
    const asked = way.asked();
    await new Promise((later) => setTimeout(later, 60));
    expect(way.asked()).toBe(asked);
    u.subscribe(() => expect(u.snapshot().sent).toBeGreaterThanOrEqual(mebibyte / 2));
    u.resume();
    const { url } = await done;
    expect(Buffer.compare(await content(url), file)).toBe(0);
  });

  test("goes on where it was when the same file is chosen again, and forgets it at the end", async () => {
    const file = new File([bytes(mebibyte)], "plan.bin", { lastModified: 5 });
    const remembered = memory();
    const ada = world.client("ada");
    const stops = through(ada, (n, ask) => (n < 3 ? ask() : new Promise(() => {})));
    const first = upload(stops, file, { memory: remembered });
    first.start();
    await until("half of it", () => first.snapshot().sent >= mebibyte / 2);
    expect(remembered.size).toBe(1);

    const way = through(world.client("ada"), (_, ask) => ask());
    const second = upload(way, new File([bytes(mebibyte)], "plan.bin", { lastModified: 5 }), {
      memory: remembered,
    });
    const { url } = await second.start();
    expect(way.asked()).toBe(3); // HEAD, and the two pieces that were missing
    expect(remembered.size).toBe(0);
    expect(Buffer.compare(await content(url), new Uint8Array(await file.arrayBuffer()))).toBe(0);
  });

  test("of the same file beside another is one of its own, and only the first is remembered", async () => {
    const file = new File([bytes(mebibyte)], "twice.bin", { lastModified: 6 });
    const remembered = memory();
    let go = () => {};
    const gate = new Promise<void>((open) => {
      go = open;
    });
    const way = through(world.client("ada"), (n, ask) => (n === 1 ? gate.then(ask) : ask()));
    const first = upload(way, file, { memory: remembered });
    const done = first.start();
    await until("the first to be remembered", () => remembered.size === 1);
    const { url } = await upload(way, file, { memory: remembered }).start();
    expect(remembered.size).toBe(1);
    go();
    const other = await done;
    expect(other.url).not.toBe(url);
    for (const at of [url, other.url]) expect(Buffer.compare(await content(at), bytes(mebibyte))).toBe(0);
    expect(remembered.size).toBe(0);
  });

  test("takes a file with the same name and other bytes for another", async () => {
    const remembered = memory();
    const first = upload(
      through(world.client("ada"), (n, ask) => (n < 2 ? ask() : new Promise(() => {}))),
      new File([bytes(mebibyte)], "plan.bin", { lastModified: 5 }),
      { memory: remembered },
    );
    first.start();
    await until("a piece of it", () => first.snapshot().sent > 0);
    const other = new File([bytes(mebibyte, 8)], "plan.bin", { lastModified: 5 });
    const { url } = await upload(world.client("ada"), other, { memory: remembered }).start();
    expect(Buffer.compare(await content(url), bytes(mebibyte, 8))).toBe(0);
    expect(remembered.size).toBe(1);
  });

  test("begins anew where the server does not know it any more", async () => {
    const remembered = memory();
    const file = new Blob([bytes(mebibyte / 2)]);
    const first = upload(
      through(world.client("ada"), (n, ask) => (n < 1 ? ask() : new Promise(() => {}))),
      file,
      { memory: remembered },
    );
    first.start();
    await until("its place", () => remembered.size === 1);
    for (const key of remembered.keys()) remembered.set(key, "/api/tus/nowhere");
    const { fileSize } = await upload(world.client("ada"), file, { memory: remembered }).start();
    expect(fileSize).toBe(mebibyte / 2);
  });

  test("survives a server that is killed in the middle", async () => {
    const file = bytes(2 * mebibyte);
    let go = () => {};
    const gate = new Promise<void>((open) => {
      go = open;
    });
    const way = through(world.client("ada"), (n, ask) => (n === 3 ? gate.then(ask) : ask()));
    const u = upload(way, new Blob([file]));
    const done = u.start();
    await until("some of it", () => way.asked() === 4);
    expect(u.snapshot().sent).toBeGreaterThan(0);
    await world.server.kill();
    go();
    await until("it to notice", () => u.snapshot().state === "retrying");
    await world.server.run();
    const { url } = await done;
    expect(Buffer.compare(await content(url), file)).toBe(0);
  });

  test("is given up by cancel: the server forgets it, and start fails with closed", async () => {
    const remembered = memory();
    const ada = world.client("ada");
    const u = upload(
      through(ada, (n, ask) =>
        n === 2 ? new Promise((_, fail) => setTimeout(() => fail(lost()), 200)) : ask(),
      ),
      new Blob([bytes(mebibyte)]),
      { memory: remembered },
    );
    const ended = expect(u.start()).rejects.toMatchObject({ code: "closed" });
    await until("some of it", () => u.snapshot().sent > 0);
    const [path = ""] = remembered.values();
    await u.cancel();
    await ended;
    expect(u.snapshot().state).toBe("cancelled");
    expect(remembered.size).toBe(0);
    const head = await fetch(`${world.server.url}${path}?userId=ada`, {
      method: "HEAD",
      headers: { "Tus-Resumable": "1.0.0" },
    });
    expect([404, 410]).toContain(head.status);
  });

  test("that is refused fails with the server's code, and says how large a file may be", async () => {
    const ada = world.client("ada");
    const large = upload(ada, new Blob([bytes(4 * mebibyte + 1)]));
    await expect(large.start()).rejects.toMatchObject({ code: "too_large" });
    expect(large.snapshot()).toMatchObject({ state: "failed", error: { code: "too_large" } });
    expect(await largestUpload(ada)).toBe(4 * mebibyte);
    const elsewhere = upload(ada, new Blob([bytes(mebibyte)]), { channel: "dm:bob:carol" });
    await expect(elsewhere.start()).rejects.toMatchObject({ code: "forbidden" });
  });

  test("is the whole file once, whichever requests and answers are lost", async () => {
    const ada = world.client("ada");
    const fault = fc.constantFrom("pass", "before", "after", "pause");
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 700_000 }),
        fc.integer({ min: 60_000, max: 400_000 }),
        fc.array(fault, { maxLength: 12 }),
        async (size, piece, faults) => {
          const file = bytes(size, size + 1);
          const way = through(ada, async (n, ask) => {
            const now = faults[n] ?? "pass";
            if (now === "before") throw lost();
            if (now === "pause") {
              u.pause();
              setTimeout(() => u.resume(), 1);
            }
            const answer = await ask();
            if (now === "after") throw lost();
            return answer;
          });
          const u = upload(way, new Blob([file]), { piece, backoff: { base: 1, cap: 2 } });
          const { url, fileSize } = await u.start();
          expect(fileSize).toBe(size);
          expect(Buffer.compare(await content(url), file)).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });
});
