import { afterEach, expect, test, vi } from "vitest";
import { until } from "../../../e2e/server.mjs";
import type { ClientEvents, Message } from "../src";
import { Line, type TestClient, World } from "./harness";

const world = new World();
const lines: Line[] = [];

afterEach(async () => {
  for (const line of lines.splice(0)) await line.stop();
});

async function line(): Promise<Line> {
  const l = await Line.to(world.server.url);
  lines.push(l);
  return l;
}

const texts = (list: Message[]) => list.map((m) => m.text);
const numbers = (n: number) => Array.from({ length: n }, (_, i) => `${i}`);

/** Every event of this name that the client tells of from now on. */
function heard<Name extends keyof ClientEvents>(c: TestClient, name: Name): ClientEvents[Name][] {
  const events: ClientEvents[Name][] = [];
  c.on(name, (event) => events.push(event));
  return events;
}

for (const who of [["client", "server"], ["client"], ["server"]] as ("client" | "server")[][]) {
  test(`a half-open connection, on which what is said by ${who.join(" and ")} vanishes, is noticed, and nothing is lost`, async () => {
    const l = await line();
    // As long as others' events come the line is heard; so the server's side is silent but for pings.
    const ada = world.client("ada", { url: l.url, pingEvery: 200, connectWithin: 5_000 });
    const bob = world.client("bob");
    const channel = `half ${who.join()}`;
    const got = heard(ada, "message");
    const turns = heard(ada, "connection");
    await Promise.all([ada.joinChannel(channel), bob.joinChannel(channel)]);
    await ada.sendMessage(channel, "0");
    l.strand(...who);
    const sent = [ada.sendMessage(channel, "1"), ada.sendMessage(channel, "2")];
    await Promise.all(sent);
    await bob.sendMessage(channel, "3");
    await until("all of them", () => got.length >= 4);
    expect(texts(got)).toEqual(numbers(4));
    expect(turns.some((t) => t.state === "reconnecting" && t.error?.code === "timeout")).toBe(true);
    expect(texts(await bob.getHistory(channel))).toEqual(numbers(4));
  });
}

test("a server that is silent while it lets nobody in is given up within the time", async () => {
  const l = await line();
  l.mute = 2;
  const ada = world.client("ada", {
    url: l.url,
    connectWithin: 500,
    pingEvery: 60_000,
    transport: "websocket",
  });
  const turns = heard(ada, "connection");
  await ada.joinChannel("late");
  expect(l.opened).toBeGreaterThan(2);
  expect(turns.filter((t) => t.error?.code === "timeout").length).toBeGreaterThanOrEqual(2);
});

test("polling notices a half-open connection too", async () => {
  const l = await line();
  const ada = world.client("ada", { url: l.url, transport: "polling", pingEvery: 300, connectWithin: 5_000 });
  const bob = world.client("bob");
  const got = heard(ada, "message");
  await Promise.all([ada.joinChannel("held"), bob.joinChannel("held")]);
  await bob.sendMessage("held", "0");
  await until("the first", () => got.length === 1);
  l.strand("client", "server");
  await bob.sendMessage("held", "1");
  await until("the second", () => got.length >= 2);
  await ada.sendMessage("held", "2");
  await until("the third", () => got.length >= 3);
  expect(texts(got)).toEqual(numbers(3));
});

test("A1: behind a proxy that refuses WebSockets it polls, and comes back to them when they are let through", async () => {
  const l = await line();
  l.blocked = true;
  const ada = world.client("ada", { url: l.url, retrySocket: 100 });
  const bob = world.client("bob");
  const got = heard(ada, "message");
  await Promise.all([ada.joinChannel("proxied"), bob.joinChannel("proxied")]);
  for (let i = 0; i < 10; i++) await (i % 2 ? ada : bob).sendMessage("proxied", `${i}`);
  const ways = heard(ada, "connection");
  l.blocked = false;
  await until("a WebSocket", () => ways.some((w) => w.error?.code === "going_away") && ada.isConnected);
  for (let i = 10; i < 20; i++) await (i % 2 ? ada : bob).sendMessage("proxied", `${i}`);
  await until("all of them", () => got.length >= 20);
  expect(texts(got)).toEqual(numbers(20));
});

test("the way to the server is another in the middle of a stream, again and again, and nothing is lost or doubled", async () => {
  const l = await line();
  const ada = world.client("ada", { url: l.url, retrySocket: 50, pingEvery: 200, connectWithin: 5_000 });
  const bob = world.client("bob");
  const got = heard(ada, "message");
  await Promise.all([ada.joinChannel("ways"), bob.joinChannel("ways")]);
  const sent: Promise<Message>[] = [];
  for (let i = 0; i < 60; i++) {
    sent.push(bob.sendMessage("ways", `${i}`));
    if (i % 20 === 5) l.strand("client", "server");
    if (i % 20 === 10) l.blocked = !l.blocked;
    if (i % 20 === 15) ada.cut();
    await new Promise((done) => setTimeout(done, 20));
  }
  l.blocked = false;
  await Promise.all(sent);
  await until("all of them", () => got.length >= 60);
  expect(texts(got)).toEqual(numbers(60));
});

test("a browser that is in a network again cuts the pause short, and after disconnect nobody listens", async () => {
  const page = new EventTarget();
  const listening = new Set<unknown>();
  vi.stubGlobal("addEventListener", (name: string, listener: EventListener) => {
    listening.add(listener);
    page.addEventListener(name, listener);
  });
  vi.stubGlobal("removeEventListener", (name: string, listener: EventListener) => {
    listening.delete(listener);
    page.removeEventListener(name, listener);
  });
  try {
    const ada = world.client("ada", { backoff: { base: 1e9, cap: 1e9 } });
    await until("it to be there", () => ada.isConnected);
    const turns = heard(ada, "connection");
    ada.cut();
    await until("the pause", () => turns.some((t) => t.state === "reconnecting"));
    page.dispatchEvent(new Event("online"));
    await until("it to be there again", () => ada.isConnected);
    expect(listening.size).toBe(1);
    ada.disconnect();
    expect(listening.size).toBe(0);
  } finally {
    vi.unstubAllGlobals();
  }
});
