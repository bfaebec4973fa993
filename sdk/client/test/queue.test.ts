import { expect, test } from "vitest";
import { Server, until } from "../../../e2e/server.mjs";
import type { ClientOptions, Frame, Keep, KeptDraft } from "../src";
import { World } from "./harness";

const world = new World();

/** A keep as an application without IndexedDB would have one. */
class Shelf implements Keep {
  rows: KeptDraft[] = [];
  async add(draft: KeptDraft): Promise<void> {
    this.rows.push(draft);
  }
  async remove({ queue, nonce }: KeptDraft): Promise<void> {
    this.rows = this.rows.filter((row) => row.queue !== queue || row.nonce !== nonce);
  }
  async all(queue: string): Promise<KeptDraft[]> {
    return this.rows.filter((row) => row.queue === queue);
  }
}

const client = (options: ClientOptions) => world.client(undefined, options);

const texts = (list: { text?: string | undefined }[]) => list.map((m) => m.text);
const lines = (n: number) => Array.from({ length: n }, (_, i) => `${i}`);

test("what a client left in its keep is sent by the next, in order and once, before its own", async () => {
  const keep = new Shelf();
  const first = client({ userId: "ada", keep });
  await until("a connection", () => first.isConnected);
  await world.server.kill();
  const left = lines(5).map((text) => first.sendMessage("left", text));
  await until("all of it to be kept", () => keep.rows.length === 5);
  first.disconnect();
  for (const outcome of await Promise.allSettled(left)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "closed" } });
  }
  const next = client({ userId: "ada", keep });
  const statuses: string[] = [];
  next.on("status", (s) => statuses.push(`${s.status} ${s.draft?.text ?? s.message?.text}`));
  await until("what was left", () => next.waiting("left").length === 5);
  expect(next.waiting().map((w) => w.draft.text)).toEqual(lines(5));
  const own = next.sendMessage("left", "5");
  await world.server.run();
  expect(await own).toMatchObject({ seq: 6, text: "5" });
  expect(texts(await world.server.messages("left"))).toEqual(lines(6));
  expect(statuses.filter((s) => s.startsWith("sent"))).toEqual(lines(6).map((n) => `sent ${n}`));
  await until("an empty keep", () => keep.rows.length === 0);
});

test("edits and deletions are kept too; shared state is not, for an old value is not to be set days later", async () => {
  const keep = new Shelf();
  const first = client({ userId: "ada", keep });
  const { id } = await first.sendMessage("changes", "a");
  await world.server.kill();
  const left = [
    first.editMessage("changes", id, "b"),
    first.react("changes", id, "👍"),
    first.state("changes").set("topic", "old"),
  ];
  await until("them to be kept", () => keep.rows.length === 2);
  first.disconnect();
  await Promise.allSettled(left);
  const next = client({ userId: "ada", keep });
  await world.server.run();
  await until("an empty keep", () => keep.rows.length === 0);
  const [message] = (await next.getHistory("changes")).messages;
  expect(message).toMatchObject({ text: "b", reactions: [{ reaction: "👍" }] });
  expect(await next.state("changes").get("topic")).toBeUndefined();
});

test("when the token is another user's, what waits fails, stays kept, and is never sent as that user", async () => {
  const strict = await Server.start("--log", "text");
  try {
    const [ada, bob] = await Promise.all([strict.token("ada"), strict.token("bob")]);
    let token = ada;
    const keep = new Shelf();
    const c = client({ url: strict.url, getToken: () => token, keep });
    await c.sendMessage("whose", "1");
    await strict.kill();
    const lost = c.sendMessage("whose", "2");
    await until("it to be kept", () => keep.rows.length === 1);
    token = bob;
    await strict.run();
    await expect(lost).rejects.toMatchObject({ code: "foreign_sender" });
    expect(await c.sendMessage("whose", "3")).toMatchObject({ senderId: "bob" });
    expect(c.waiting()).toEqual([]);
    expect(keep.rows.map((row) => row.frame.text)).toEqual(["2"]);
    const again = client({ url: strict.url, token: ada, keep });
    await until("it to be sent", () => keep.rows.length === 0);
    const { messages } = await again.getHistory("whose");
    expect(messages.map((m) => [m.senderId, m.text])).toEqual([
      ["ada", "1"],
      ["bob", "3"],
      ["ada", "2"],
    ]);
  } finally {
    await strict.stop();
  }
});

test("a keep that fails is done without, which is said", async () => {
  const broken = async () => {
    throw new Error("disk on fire");
  };
  const c = client({ userId: "ada", keep: { add: broken, remove: broken, all: broken } });
  const errors: string[] = [];
  c.on("error", (e) => errors.push(`${e.code}: ${e.message}`));
  await Promise.all(lines(3).map((text) => c.sendMessage("fire", text)));
  expect(texts(await world.server.messages("fire"))).toEqual(lines(3));
  expect(errors).toEqual([expect.stringMatching(/^not_kept: .*disk on fire/)]);
});

test("in batches ten messages go in a frame, each is answered, and cuts lose and double nothing", async () => {
  const frames: Frame[] = [];
  const debug = (direction: string, frame: Frame) => {
    if (direction === "sent" && frame.type === "publish") frames.push(frame);
  };
  const c = client({ userId: "ada", batch: true, debug });
  await until("a connection", () => c.isConnected);
  const stored = await Promise.all(lines(25).map((text) => c.sendMessage("batches", text)));
  expect(stored.map((m) => m.seq)).toEqual(lines(25).map((n) => Number(n) + 1));
  expect(texts(await world.server.messages("batches"))).toEqual(lines(25));
  expect(frames.map((f) => (f.messages as unknown[] | undefined)?.length ?? 1)).toEqual([10, 10, 5]);
  const more = lines(200).map((text, i) => {
    if (i % 40 === 20) c.cut();
    return c.sendMessage("cut batches", text);
  });
  await Promise.all(more);
  expect(texts(await world.server.messages("cut batches"))).toEqual(lines(200));
});

test("one bad message of a batch is refused alone", async () => {
  const c = client({ userId: "ada", batch: { most: 10, within: 20 } });
  const outcomes = await Promise.allSettled([
    c.sendMessage("mixed", "before"),
    c.sendMessage("mixed", "x".repeat(70_000)),
    c.sendMessage("mixed", { text: "no such thread", parentId: "01945a3d-0000-7000-8000-000000000001" }),
    c.sendMessage("mixed", { text: "a name too long", mentions: ["x".repeat(200)] }),
    c.sendMessage("mixed", "after"),
  ]);
  expect(
    outcomes.map((o) => (o.status === "fulfilled" ? "stored" : (o.reason as { code: string }).code)),
  ).toEqual(["stored", "too_large", "not_found", "invalid", "stored"]);
  expect(texts(await world.server.messages("mixed"))).toEqual(["before", "after"]);
});
