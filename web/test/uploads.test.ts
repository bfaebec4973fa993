// @vitest-environment node
import { Client } from "@parley/client";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Server, until } from "../../e2e/server.mjs";
import { fileOf } from "../src/files/shared";
import { Uploads } from "../src/files/uploads";

let server: Server;
let client: Client;
let uploads: Uploads;
const warned = { on: vi.fn(), off: vi.fn() };

beforeAll(async () => {
  server = await Server.start("--dev", "--upload-max-size", "1MiB");
});
beforeEach(() => {
  vi.stubGlobal("addEventListener", warned.on);
  vi.stubGlobal("removeEventListener", warned.off);
  client = new Client({ url: server.url, userId: "ada", transport: "polling" });
  uploads = new Uploads(client);
  return () => client.disconnect();
});
afterAll(() => server.stop());

const file = (name: string, size = 300_000) => new File([new Uint8Array(size)], name);
const states = () => uploads.snapshot().map(({ name, state }) => `${name} ${state}`);
const names = async (channel: string) =>
  (await client.getHistory(channel)).map((message) => fileOf(message)?.name).sort();

test("two files go up at once, the others wait, and each is shared", async () => {
  const most: number[] = [];
  uploads.subscribe(() => most.push(states().filter((s) => s.endsWith("uploading")).length));
  uploads.add(
    "queue",
    ["a", "b", "c", "d", "e"].map((name) => file(name)),
  );
  expect(states()).toEqual(["a uploading", "b uploading", "c queued", "d queued", "e queued"]);
  expect(warned.on).toHaveBeenCalledWith("beforeunload", expect.any(Function));
  await until("all to be gone", () => uploads.snapshot().length === 0);
  expect(Math.max(...most)).toBe(2);
  expect(warned.off).toHaveBeenCalledWith("beforeunload", expect.any(Function));
  await until("all to be shared", async () => (await names("queue")).length === 5);
  expect(await names("queue")).toEqual(["a", "b", "c", "d", "e"]);
});

test("one that is paused leaves its place to the next, and goes on later", async () => {
  uploads.add("paused", [file("a"), file("b"), file("c")]);
  const [a, , c] = uploads.snapshot();
  uploads.pause(a?.id ?? "");
  uploads.pause(c?.id ?? "");
  await until("the other", async () => (await names("paused")).length === 1);
  expect(states()).toEqual(["a paused", "c paused"]);
  for (const { id } of uploads.snapshot()) uploads.resume(id);
  await until("all of them", async () => (await names("paused")).length === 3);
});

test("one that is refused says why, and what was cancelled is never shared", async () => {
  uploads.add("refused", [file("large", 2 << 20), file("unwanted"), file("good")]);
  const unwanted = uploads.snapshot()[1];
  uploads.cancel(unwanted?.id ?? "");
  await until("the refusal", () => uploads.snapshot()[0]?.limit !== undefined);
  await until("the good one", async () => (await names("refused")).length === 1);
  expect(uploads.snapshot()).toMatchObject([{ name: "large", state: "failed", limit: 1 << 20 }]);
  expect(await names("refused")).toEqual(["good"]);
});

test("a file for a thread is a reply", async () => {
  const { id } = await client.sendMessage("thread", "what about it?");
  uploads.add("thread", [file("answer", 10)], id);
  const reply = await until("the reply", async () => (await client.getHistory("thread"))[1]);
  expect(reply).toMatchObject({ parentId: id, body: { type: "file", fileName: "answer" } });
});

test("who signs out leaves nothing that keeps the page from being left", async () => {
  uploads.add("left", [file("a"), file("b")]);
  const [a, b] = uploads.snapshot();
  uploads.pause(a?.id ?? "");
  uploads.pause(b?.id ?? "");
  await until("both to be paused", () => states().join() === "a paused,b paused");
  warned.off.mockClear();
  client.disconnect();
  expect(uploads.snapshot()).toEqual([]);
  expect(warned.off).toHaveBeenCalledWith("beforeunload", expect.any(Function));
});
