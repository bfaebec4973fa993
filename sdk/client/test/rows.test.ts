import { expect, test, vi } from "vitest";
import { Server, until } from "../../../e2e/server.mjs";
import { type Client, type ClientEvents, type LogEvent, type Message, ParleyError } from "../src";
import { World } from "./harness";

const world = new World();
const client = (...args: Parameters<World["client"]>) => world.client(...args);
const texts = (list: Message[]) => list.map((m) => m.text);

/** Joins the channel, and waits until the client is live there. */
async function live(c: Client, channelId: string): Promise<void> {
  const level = new Promise<void>((done) => {
    const stop = c.on("level", (l) => {
      if (l.channelId !== channelId) return;
      stop();
      done();
    });
  });
  await c.joinChannel(channelId);
  await level;
}

test("A5: a client is made with projectId and apiKey, says isConnected, and is a guest", async () => {
  const strict = await Server.start("--log", "text");
  try {
    const r = await fetch(`${strict.url}/v1/keys`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await strict.secretKey()}`, "Content-Type": "application/json" },
      body: JSON.stringify({ kind: "publishable" }),
    });
    const { key } = (await r.json()) as { key: string };
    const c = client(undefined, { url: strict.url, projectId: "default", apiKey: key });
    await until("it to be connected", () => c.isConnected);
    expect(c.userId).toMatch(/^guest-/);
    const { userId } = c;
    const again = new Promise((done) => c.on("ready", done));
    c.cut();
    await again;
    expect(c.userId).toBe(userId);
    const wrong = client(undefined, { url: strict.url, projectId: "default", apiKey: `${key}x` });
    const end = new Promise<string | undefined>((done) => {
      wrong.on("connection", (e) => e.state === "closed" && done(e.error?.code));
    });
    expect(await end).toBe("unauthorized");
  } finally {
    await strict.stop();
  }
});

test("A10: more than five messages a second are refused by the client, which says when there is room again", async () => {
  const ada = client("ada", { rate: 5 });
  const outcomes = await Promise.allSettled(Array.from({ length: 11 }, () => ada.sendMessage("a10", "x")));
  const refused = outcomes.filter((o) => o.status === "rejected").map((o) => o.reason);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toBeInstanceOf(ParleyError);
  expect(refused[0]).toMatchObject({
    code: "rate_limited",
    retry: true,
    message: expect.stringContaining("5"),
  });
  expect(refused[0].retryAfter).toBeGreaterThan(0);
  expect(refused[0].retryAfter).toBeLessThanOrEqual(200);
});

test("A12: with debug what happens is written down, with a function it is told each frame, and no token is", async () => {
  const lines: unknown[][] = [];
  const spy = vi.spyOn(console, "debug").mockImplementation((...line) => void lines.push(line));
  try {
    const frames: string[] = [];
    const ada = client("ada", { debug: true });
    const bob = client("bob", {
      debug: (direction, frame) => frames.push(`${direction} ${frame.type}`),
      token: "s3cret",
    });
    await Promise.all([live(ada, "a12"), live(bob, "a12")]);
    await bob.sendMessage("a12", "x");
    await until("ada to hear it", () => lines.some((l) => (l[2] as { text?: string }).text === "x"));
    ada.disconnect(); // while it is listened
    expect(lines.map(([who, what]) => `${who} ${what}`)).toEqual(
      expect.arrayContaining(["parley connection", "parley joined", "parley event"]),
    );
    for (const frame of ["sent subscribe", "received subscribed", "sent publish", "received ack"])
      expect(frames).toContain(frame);
    expect(JSON.stringify([lines, frames])).not.toContain("s3cret");
    const quiet = client("carol");
    const before = lines.length;
    await quiet.sendMessage("elsewhere", "x");
    expect(lines.length).toBe(before);
  } finally {
    spy.mockRestore();
  }
});

test("A12: a message has its id and its time, and none is told of twice", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: Message[] = [];
  bob.on("message", (m) => got.push(m));
  await live(bob, "a12 ids");
  for (let i = 0; i < 5; i++) {
    await ada.sendMessage("a12 ids", `${i}`);
    bob.cut();
  }
  await until("all of them", () => got.length >= 5);
  expect(new Set(got.map((m) => m.id)).size).toBe(got.length);
  expect(got.map((m) => Date.parse(m.createdAt))).toEqual(got.map((m) => Date.parse(m.createdAt)).sort());
});

test("D2: the document's client: ready, join, history as a list, message, own messages too, disconnect", async () => {
  await client("bob").sendMessage("d2", { text: "before" });
  const token = await (async () => {
    const r = await fetch(`${world.server.url}/auth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ userId: "ada" }),
    });
    return ((await r.json()) as { tsToken: string }).tsToken;
  })();
  let shown: Message[] = [];
  const c = client(undefined, { token });
  c.on("ready", async () => {
    await c.joinChannel("d2");
    const history = await c.getHistory("d2", { limit: 50 });
    shown = history;
  });
  c.on("message", (msg) => {
    shown = [...shown, msg];
  });
  await until("the history", () => shown.length === 1);
  const msg = await c.sendMessage("d2", { text: "Hello" });
  expect(msg).toMatchObject({ text: "Hello", channelId: "d2", senderId: c.userId });
  await until("the own message", () => shown.length === 2);
  expect(shown.map((m) => `${m.text}`)).toEqual(["before", "Hello"]);
  c.disconnect();
  expect(c.connectionState).toBe("closed");
});

test("D3: a stored message has id, channelId, senderId, text, createdAt, seq, clientAck and meta", async () => {
  const ada = client("ada");
  const got = new Promise<Message>((done) => ada.on("message", done));
  await live(ada, "d3");
  const stored = await ada.sendMessage("d3", { text: "x", meta: { color: "red" } });
  const form = {
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    channelId: "d3",
    senderId: "ada",
    text: "x",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    seq: 1,
    clientAck: true,
    meta: { color: "red" },
  };
  expect(stored).toMatchObject(form);
  expect(await got).toMatchObject(form);
});

test("D4: setPresence takes status and lastActive, publishEvent typing and any other event", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const heard: string[] = [];
  bob.on("typing", (e) => heard.push(`${e.userId} ${e.typing}`));
  bob.on("signal", (e) => heard.push(`${e.event} ${JSON.stringify(e.data)}`));
  bob.on("presence", (e) => {
    for (const p of [...(e.joined ?? []), ...(e.changed ?? [])]) heard.push(`${p.userId} is ${p.status}`);
  });
  await live(bob, "d4");
  await live(ada, "d4");
  ada.setPresence({ status: "online", lastActive: Date.now() });
  ada.setPresence({ status: "away", lastActive: new Date() });
  ada.publishEvent("d4", { type: "typing.start", userId: "ada" });
  ada.publishEvent("d4", { type: "typing.stop", userId: "ada" });
  ada.publishEvent("d4", { type: "cursor", x: 1, y: 2 });
  ada.publishEvent("d4", { type: "wave", data: "hello" });
  ada.publishEvent("d4", { type: "bare" });
  const all = [
    "ada true",
    "ada false",
    'cursor {"x":1,"y":2}',
    'wave "hello"',
    "bare undefined",
    "ada is away",
  ];
  await until("them", () => all.every((line) => heard.includes(line)));
  expect((await bob.getPresence("ada")).status).toBe("away");
});

test("D5: getEventsSince gives what came after a seq or a time, with tombstones and changes; getHistory takes since", async () => {
  const ada = client("ada");
  const first = await ada.sendMessage("d5", "one");
  await ada.sendMessage("d5", "two");
  const third = await ada.sendMessage("d5", "three");
  await ada.editMessage("d5", first.id, "ONE");
  await ada.deleteMessage("d5", third.id);
  await ada.joinChannel("d5");
  const since = await ada.getEventsSince(2);
  expect(since.map((e) => [e.type, e.seq])).toEqual([
    ["message", 3],
    ["message.update", 4],
    ["message.delete", 5],
  ]);
  expect(since[0]).toMatchObject({ deletedAt: expect.any(String) });
  const at = new Date(Date.parse(first.createdAt));
  expect((await ada.getEventsSince("d5", at)).map((e) => e.seq)).toEqual([1, 2, 3, 4, 5]);
  expect((await ada.getEventsSince("d5", at.toISOString())).length).toBe(5);
  expect(await ada.getEventsSince("d5", new Date(Date.now() + 60_000))).toEqual([]);
  expect(texts(await ada.getHistory("d5", { since: 1 }))).toEqual(["two", undefined]);
  expect(texts(await ada.getHistory("d5", { since: at, limit: 2 }))).toEqual(["ONE", "two"]);
  expect(texts(await ada.getHistory("d5", { since: at.toISOString() }))).toEqual(["ONE", "two", undefined]);
  expect(texts(await ada.getHistory("d5", { since: new Date(Date.now() + 60_000) }))).toEqual([]);
  await ada.joinChannel("d5 too");
  await expect(ada.getEventsSince(2)).rejects.toMatchObject({ code: "channel_required" });
});

test("D6: message.update has id, newText and editedAt, message.delete id and deletedAt, in the order of seq", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: LogEvent[] = [];
  bob.on("message.update", (e) => got.push({ type: "message.update", ...e }));
  bob.on("message.delete", (e) => got.push({ type: "message.delete", ...e }));
  await live(bob, "d6");
  const { id } = await ada.sendMessage("d6", "a");
  await ada.editMessage("d6", id, "b");
  await ada.editMessage("d6", id, { text: "c" });
  await ada.deleteMessage("d6", id);
  await until("three", () => got.length === 3);
  expect(got).toMatchObject([
    { type: "message.update", id, newText: expect.anything(), editedAt: expect.any(String), seq: 2 },
    { type: "message.update", id, seq: 3 },
    { type: "message.delete", id, deletedAt: expect.any(String), seq: 4 },
  ]);
});

test("D7: ackRead moves the cursor and never back, the others hear read, and own devices stay in step", async () => {
  const [ada, bob, laptop] = [client("ada"), client("bob"), client("bob")];
  const heard: ClientEvents["read"][] = [];
  ada.on("read", (e) => heard.push(e));
  await Promise.all([live(ada, "d7"), live(bob, "d7"), live(laptop, "d7")]);
  const one = await ada.sendMessage("d7", "one");
  const two = await ada.sendMessage("d7", "two");
  await until("the laptop to have them", () => laptop.unread("d7") === 2);
  expect((await bob.ackRead("d7", two.id)).read).toBe(2);
  expect((await bob.ackRead("d7", one.id)).read).toBe(2);
  await until("ada to hear it", () => heard.some((e) => e.userId === "bob" && e.seq === 2));
  expect(ada.cursors("d7").get("bob")).toMatchObject({ read: 2 });
  await until("the laptop to know", () => laptop.unread("d7") === 0);
  expect(bob.unread("d7")).toBe(0);
  expect(laptop.cursors("d7").get("bob")?.read).toBe(2);
});

test("E1: a message of one's own is sending, sent, delivered and read, in this order", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const told: string[] = [];
  ada.on("status", (s) => told.push(s.status));
  await Promise.all([live(ada, "e1"), live(bob, "e1")]);
  const message = await ada.sendMessage("e1", "x");
  await until("it to be delivered", () => told.includes("delivered"));
  expect(ada.statusOf(message)).toBe("delivered");
  await bob.ackRead("e1", message.id);
  await until("it to be read", () => told.includes("read"));
  expect(told).toEqual(["sending", "sent", "delivered", "read"]);
  expect(ada.statusOf(message)).toBe("read");
  expect(bob.statusOf(message)).toBeUndefined();
});

test("E1: what was read while the sender was away is told when it is back, though the reader has gone", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const told: string[] = [];
  ada.on("status", (s) => told.push(s.status));
  await live(ada, "e1 away");
  const message = await ada.sendMessage("e1 away", "x");
  ada.cut();
  await live(bob, "e1 away");
  await bob.ackRead("e1 away", message.id);
  bob.disconnect();
  ada.cut();
  await until("it to be read", () => told.includes("read"));
});

test("E1: what this user sent from another device is told as delivered and read, by its nonce", async () => {
  const [phone, laptop, bob] = [client("ada"), client("ada"), client("bob")];
  const told: string[] = [];
  laptop.on("status", (s) => told.push(`${s.nonce} ${s.status}`));
  await Promise.all([live(phone, "e1 two"), live(laptop, "e1 two"), live(bob, "e1 two")]);
  const message = await phone.sendMessage("e1 two", { text: "x", nonce: "mine" });
  await until("it to be there", () => laptop.unread("e1 two") === 1);
  await bob.ackRead("e1 two", message.id);
  await until("it to be read", () => told.includes("mine read"));
  expect(told.filter((line) => !line.startsWith("mine"))).toEqual([]);
});

test("a switch: without reconnect a broken connection ends the client, and what waits fails with the reason", async () => {
  const ada = client("ada", { reconnect: false });
  await until("it to be there", () => ada.isConnected);
  const end = new Promise<ClientEvents["connection"]>((done) => ada.on("connection", done));
  ada.cut();
  const waiting = ada.sendMessage("no reconnect", "x");
  expect((await end).state).toBe("closed");
  await expect(waiting).rejects.toMatchObject({ code: "unavailable" });
  await expect(ada.getHistory("no reconnect")).rejects.toBeInstanceOf(ParleyError);
});

test("unread is known where another device reads to a place that this one has never seen", async () => {
  const [ada, bob, laptop] = [client("ada"), client("bob"), client("bob")];
  const sent: Message[] = [];
  for (let i = 0; i < 10; i++) sent.push(await ada.sendMessage("unread", `${i}`));
  await Promise.all([live(bob, "unread"), live(laptop, "unread")]);
  expect([bob.unread("unread"), laptop.unread("unread")]).toEqual([10, 10]);
  await bob.ackRead("unread", sent[3]?.id ?? "");
  await until("both to know", () => bob.unread("unread") === 6 && laptop.unread("unread") === 6);
  await ada.sendMessage("unread", "10");
  await until("one more", () => bob.unread("unread") === 7 && laptop.unread("unread") === 7);
});

test("D5: where the log is another one it is told, what was known of it is forgotten, and it goes on from what there is", async () => {
  const [first, second] = [await Server.start("--dev"), await Server.start("--dev")];
  try {
    const [ada, bob] = [client("ada", { url: first.url }), client("bob", { url: first.url })];
    const got: Message[] = [];
    const expired: ClientEvents["expired"][] = [];
    bob.on("message", (m) => got.push(m));
    bob.on("expired", (e) => expired.push(e));
    await Promise.all([live(ada, "d5 epoch"), live(bob, "d5 epoch")]);
    const read = await ada.sendMessage("d5 epoch", "of the first log");
    await bob.ackRead("d5 epoch", read.id);
    await until("the first", () => got.length === 1 && ada.cursors("d5 epoch").get("bob")?.read === 1);
    for (let i = 0; i < 3; i++) {
      await client("carol", { url: second.url }).sendMessage("d5 epoch", `${i}`);
    }
    await first.kill();
    await second.kill();
    await second.run(first.url.replace("http://", ""));
    await until("the second log", () => got.length === 4);
    expect(texts(got)).toEqual(["of the first log", "0", "1", "2"]);
    expect(expired).toMatchObject([{ channelId: "d5 epoch", reason: "epoch" }]);
    expect(bob.unread("d5 epoch")).toBe(3);
    await until("ada to be back", () => ada.cursors("d5 epoch").get("bob")?.read !== 1);
    await ada.sendMessage("d5 epoch", "on we go");
    await until("it", () => texts(got).at(-1) === "on we go");
    const refused = ada.getEventsSince("d5 epoch", 1_000);
    await expect(refused).rejects.toMatchObject({ code: "expired", expired: { reason: "ahead" } });
  } finally {
    await first.stop();
    await second.stop();
  }
});
