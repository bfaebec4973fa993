import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { Server, until } from "../../../e2e/server.mjs";
import type { ClientOptions, LogEvent, Message, Socket } from "../src";
import { World } from "./harness";

const world = new World();

const client = (userId: string, more: ClientOptions = {}) => world.client(userId, more);

const texts = (list: Message[]) => list.map((m) => m.text);

test("a message comes to everybody in the channel, the sender too", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: Record<string, Message[]> = { ada: [], bob: [] };
  ada.on("message", (m) => got.ada?.push(m));
  bob.on("message", (m) => got.bob?.push(m));
  await Promise.all([ada.joinChannel("hello"), bob.joinChannel("hello")]);
  const stored = await ada.sendMessage("hello", { text: "Hello", meta: { color: "red" } });
  expect(stored).toMatchObject({
    channelId: "hello",
    senderId: "ada",
    text: "Hello",
    seq: 1,
    sequence: 0,
    clientAck: true,
  });
  await until("both to have it", () => got.ada?.length === 1 && got.bob?.length === 1);
  expect(got.bob?.[0]).toMatchObject({ id: stored.id, text: "Hello", meta: { color: "red" }, seq: 1 });
});

test("a client that is cut again and again misses nothing and doubles nothing", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: Message[] = [];
  bob.on("message", (m) => got.push(m));
  await Promise.all([ada.joinChannel("cut"), bob.joinChannel("cut")]);
  const sent: Promise<Message>[] = [];
  for (let i = 0; i < 200; i++) {
    sent.push(ada.sendMessage("cut", `${i}`));
    if (i % 20 === 7) ada.cut();
    if (i % 20 === 13) bob.cut();
    if (i % 10 === 0) await new Promise((done) => setTimeout(done, 5));
  }
  await Promise.all(sent);
  await until("all of them", () => got.length >= 200);
  expect(texts(got)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  expect(got.map((m) => m.seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
});

test("a server that is killed and comes back is come back to, and what waited is sent", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: Message[] = [];
  bob.on("message", (m) => got.push(m));
  await Promise.all([ada.joinChannel("killed"), bob.joinChannel("killed")]);
  const sent = Array.from({ length: 20 }, (_, i) => ada.sendMessage("killed", `${i}`));
  await world.server.kill();
  sent.push(ada.sendMessage("killed", "20"));
  expect(ada.queued).toBeGreaterThan(0);
  await world.server.run();
  await Promise.all(sent);
  await until("all of them", () => got.length >= 21);
  expect(texts(got)).toEqual(Array.from({ length: 21 }, (_, i) => `${i}`));
});

test("edits, deletions, reactions and pins come in the order of the log", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: LogEvent[] = [];
  bob.on("event", (e) => got.push(e));
  await bob.joinChannel("changes");
  const { id } = await ada.sendMessage("changes", "a");
  await ada.editMessage("changes", id, "b");
  await ada.react("changes", id, "👍");
  await ada.deleteMessage("changes", id);
  await until("four events", () => got.length === 4);
  expect(got.map((e) => [e.type, e.seq])).toEqual([
    ["message", 1],
    ["message.update", 2],
    ["reaction", 3],
    ["message.delete", 4],
  ]);
  const since = await bob.getEventsSince("changes", 0);
  expect(since.map((e) => e.type)).toEqual(got.map((e) => e.type));
  expect(since[0]).toMatchObject({ type: "message", deletedAt: expect.any(String) });
  expect(since[0]).not.toHaveProperty("text");
  expect(await bob.getEventsSince(2)).toHaveLength(2);
  await bob.joinChannel("another");
  await expect(bob.getEventsSince(2)).rejects.toMatchObject({ code: "channel_required" });
});

test("history comes in pages, the oldest first", async () => {
  const ada = client("ada");
  for (let i = 0; i < 5; i++) await ada.sendMessage("pages", `${i}`);
  const last = await ada.getHistory("pages", { limit: 2 });
  expect(texts(last.messages)).toEqual(["3", "4"]);
  const before = await ada.getHistory("pages", { limit: 2, before: last.messages[0]?.seq ?? 0 });
  expect(texts(before.messages)).toEqual(["1", "2"]);
});

test("typing, signals and read receipts reach the others", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: string[] = [];
  bob.on("typing", (e) => got.push(`typing ${e.userId} ${e.typing}`));
  bob.on("signal", (e) => got.push(`signal ${e.event} ${JSON.stringify(e.data)}`));
  bob.on("read", (e) => got.push(`read ${e.userId} ${e.seq}`));
  const level = new Promise<void>((done) => bob.on("level", () => done()));
  await Promise.all([ada.joinChannel("signals"), bob.joinChannel("signals")]);
  await level;
  const { id } = await ada.sendMessage("signals", "x");
  ada.startTyping("signals");
  ada.publishEvent("signals", { type: "cursor", data: { x: 1 } });
  expect((await ada.ackRead("signals", id)).read).toBe(1);
  const all = ["typing ada true", 'signal cursor {"x":1}', "read ada 1"];
  await until("them", () => all.every((line) => got.includes(line)));
});

test("who comes into a channel, or is out of it, is told so on each device, and nobody else is", async () => {
  const [ada, bea, phone] = [client("ada"), client("bea"), client("bea")];
  const told = new Map<string, string[]>();
  for (const [name, device] of Object.entries({ ada, bea, phone })) {
    told.set(name, []);
    device.on("membership", ({ channelId, role }) => told.get(name)?.push(`${channelId} ${role ?? "out"}`));
  }
  await until("them to be there", () => [ada, bea, phone].every((device) => device.isConnected));
  await ada.request("PUT", "/v1/channels/desk", { body: { kind: "private" } });
  await ada.request("PUT", "/v1/channels/desk/members/bea", { body: { role: "reader" } });
  await ada.request("DELETE", "/v1/channels/desk/members/bea");
  await ada.sendMessage("dm:ada:bea", "one");
  const direct = "dm:ada:bea member";
  await until("the last", () => [...told.values()].every((list) => list.includes(direct)));
  expect(told.get("ada")).toEqual(["desk owner", direct]);
  expect(told.get("bea")).toEqual(["desk reader", "desk out", direct]);
  expect(told.get("phone")).toEqual(told.get("bea"));
});

test("a direct message comes without joining, and goes on after a cut", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  const got: Message[] = [];
  bob.on("message", (m) => got.push(m));
  await until("bob to be there", () => bob.isConnected);
  await ada.sendMessage("dm:ada:bob", "one");
  await until("the first", () => got.length === 1);
  bob.cut();
  await ada.sendMessage("dm:ada:bob", "two");
  await until("the second", () => got.length === 2);
  expect(texts(got)).toEqual(["one", "two"]);
});

test("a refusal is an error with the server's code", async () => {
  const ada = client("ada");
  await expect(ada.sendMessage("errors", "x".repeat(70_000))).rejects.toMatchObject({
    name: "ParleyError",
    code: "too_large",
  });
  await expect(ada.editMessage("errors", "nothing", "x")).rejects.toMatchObject({ code: "not_found" });
  await expect(ada.joinChannel("errors", { position: "nowhere" })).rejects.toMatchObject({ code: "invalid" });
  await expect(ada.joinChannel("errors ")).rejects.toMatchObject({ code: "invalid" });
  ada.disconnect();
  await expect(ada.sendMessage("errors", "x")).rejects.toMatchObject({ code: "closed" });
});

test("more messages than the client's own limit are refused by it", async () => {
  const ada = client("ada", { rate: 5 });
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => ada.sendMessage("limit", "x")));
  const refused = outcomes.filter((o) => o.status === "rejected");
  expect(refused).toHaveLength(2);
  expect(refused[0]).toMatchObject({ reason: { code: "rate_limited", retry: true } });
});

test("an unsubscribed listener hears nothing more", async () => {
  const ada = client("ada");
  let heard = 0;
  const stop = ada.on("message", () => heard++);
  await ada.joinChannel("listeners");
  await ada.sendMessage("listeners", "1");
  await until("the first", () => heard === 1);
  stop();
  let other = 0;
  ada.on("message", () => other++);
  await ada.sendMessage("listeners", "2");
  await until("the second", () => other === 1);
  expect(heard).toBe(1);
});

test("where no WebSocket gets through it polls, and comes back when one does", async () => {
  let blocked = true;
  const opened: string[] = [];
  const ada = client("ada", {
    retrySocket: 100,
    openSocket: (url, protocol) => {
      if (blocked) throw new Error("blocked");
      opened.push(url);
      return new WebSocket(url, protocol) as unknown as Socket;
    },
  });
  const bob = client("bob");
  const got: Message[] = [];
  ada.on("message", (m) => got.push(m));
  await Promise.all([ada.joinChannel("blocked"), bob.joinChannel("blocked")]);
  expect(opened).toEqual([]);
  for (let i = 0; i < 10; i++) await (i % 2 ? ada : bob).sendMessage("blocked", `${i}`);
  await until("what was said while polling", () => got.length === 10);
  blocked = false;
  await until("a WebSocket", () => opened.length === 2 && ada.isConnected); // one to try, one to stay
  for (let i = 10; i < 20; i++) await (i % 2 ? ada : bob).sendMessage("blocked", `${i}`);
  await until("the rest", () => got.length >= 20);
  expect(texts(got)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
});

test("what waits goes out by polling in requests that are not too large", async () => {
  const ada = client("ada", { transport: "polling" });
  await ada.joinChannel("large");
  const text = "x".repeat(60_000);
  const sent = Array.from({ length: 30 }, (_, i) => ada.sendMessage(`large-${i}`, text));
  expect(texts(await Promise.all(sent))).toEqual(Array(30).fill(text));
});

test("polling goes on after the server was killed, and misses nothing", async () => {
  const ada = client("ada", { transport: "polling" });
  const bob = client("bob");
  const got: Message[] = [];
  ada.on("message", (m) => got.push(m));
  await Promise.all([ada.joinChannel("polled"), bob.joinChannel("polled")]);
  await bob.sendMessage("polled", "0");
  await world.server.kill();
  const sent = [ada.sendMessage("polled", "1")];
  await world.server.run();
  await Promise.all(sent);
  await bob.sendMessage("polled", "2");
  await until("all of them", () => got.length >= 3);
  expect(texts(got)).toEqual(["0", "1", "2"]);
});

test("shared state is the same for all, and compare-and-set lets one win", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  await Promise.all([ada.joinChannel("state"), bob.joinChannel("state")]);
  const seen = new Map<string, unknown>();
  bob.state("state").subscribe((key, value) => seen.set(key, value?.value));
  const version = await ada.state("state").set("topic", { text: "Lunch" });
  const outcomes = await Promise.allSettled(
    [ada, bob].map((c) => c.state("state").set("topic", c.userId ?? "", { if: version })),
  );
  expect(outcomes.map((o) => o.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find((o) => o.status === "rejected")).toMatchObject({
    reason: { code: "version_conflict" },
  });
  expect(await Promise.all(Array.from({ length: 5 }, () => ada.state("state").add("votes", 2)))).toEqual([
    2, 4, 6, 8, 10,
  ]);
  await ada.state("state").delete("topic");
  await until(
    "bob to see it",
    () => seen.get("votes") === 10 && seen.has("topic") && seen.get("topic") === undefined,
  );
  expect(await bob.state("state").get("votes")).toMatchObject({ value: 10 });
  expect([...(await ada.state("state").all()).keys()]).toEqual(["votes"]);
});

test("presence is told again after a reconnection, and can be asked for", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  ada.setPresence({ status: "away", custom: "at lunch" });
  await until("ada to be there", () => ada.isConnected);
  ada.cut();
  await until("ada to be away again", async () => {
    const p = await bob.getPresence("ada").catch(() => undefined);
    return p?.status === "away" && p.custom === "at lunch";
  });
});

test("a call rings, is accepted on one device, and its end is told and kept", async () => {
  const [ada, phone, laptop] = [client("ada"), client("bob"), client("bob")];
  const heard: Record<string, string[]> = { ada: [], phone: [], laptop: [] };
  for (const [name, c] of Object.entries({ ada, phone, laptop })) {
    c.on("call.state", (call) => heard[name]?.push(call.state));
    await until("it to be there", () => c.isConnected);
  }
  const ended = new Promise((done) => ada.on("call", done));
  const { callId } = await ada.call("bob", { data: { video: true } });
  await until("both to ring", () => heard.phone?.length === 1 && heard.laptop?.length === 1);
  expect(await phone.answerCall(callId, "accept")).toMatchObject({ state: "accepted" });
  await until("the ringing to end", () => heard.laptop?.at(-1) === "accepted");
  await ada.answerCall(callId, "end");
  await until("both to hear of it", () => heard.laptop?.at(-1) === "ended");
  expect(await ended).toMatchObject({
    type: "call",
    callId,
    state: "ended",
    callerId: "ada",
    calleeId: "bob",
  });
});

test("a token that expires is renewed on the live connection; one that is worth nothing ends the client", async () => {
  const strict = await Server.start("--log", "text");
  try {
    let asked = 0;
    let ready = 0;
    const getToken = () => {
      asked++;
      return strict.token("ada", "--ttl", "6s"); // renewed a fifth of it before: time enough to make one
    };
    const c = client("", { url: strict.url, getToken });
    c.on("ready", () => ready++);
    await c.joinChannel("tokens");
    expect(c.userId).toBe("ada");
    await until("a third token", () => asked >= 3);
    expect(await c.sendMessage("tokens", "still here")).toMatchObject({ senderId: "ada" });
    expect(ready).toBe(1);
    const refused = client("", { url: strict.url, token: "nonsense" });
    const end = new Promise<string | undefined>((done) => {
      refused.on("connection", (e) => e.state === "closed" && done(e.error?.code));
    });
    expect(await end).toBe("unauthorized");
  } finally {
    await strict.stop();
  }
});
