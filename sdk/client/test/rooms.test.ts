import { expect, test } from "vitest";
import { until } from "../../../e2e/server.mjs";
import { type ChatMessage, RoomController, RoomsClient, type RoomsOptions, sortMessages } from "../src/rooms";
import { breakable, World } from "./harness";

const world = new World();

/** A client of the user's in a room, and a way to break its connection. */
function client(
  room: string,
  userId: string | undefined,
  more: RoomsOptions = {},
): RoomsClient & { cut(): void } {
  const { openSocket, cut } = breakable();
  const c = new RoomsClient({
    url: world.server.url,
    room,
    ...(userId !== undefined && { userId }),
    backoff: { base: 20, cap: 200 },
    openSocket,
    ...more,
  });
  world.after(() => c.disconnect());
  return Object.assign(c, { cut });
}

/** Two in one room, who see each other. */
async function pair(room: string) {
  const [ada, bob] = [client(room, "ada"), client(room, "bob")];
  await until("both to be there", () => [ada, bob].every((c) => c.controller.getParticipants().length === 2));
  return { ada, bob };
}

test("A5 A6 A7: a message comes to everybody in the room, the sender too, and stays in the history", async () => {
  const { ada, bob } = await pair("chat");
  const got: ChatMessage[] = [];
  bob.controller.onChatMessage((m) => got.push(m));
  expect([ada.isConnected, bob.isConnected]).toEqual([true, true]);
  const before = Date.now();
  const sent = await ada.controller.sendChatMessage("Hello");
  await until("both to have it", () => got.length === 1 && ada.controller.getChatHistory().length === 1);
  expect(got[0]).toMatchObject({
    messageId: sent.messageId,
    userId: "ada",
    userName: "ada",
    message: "Hello",
  });
  expect(Math.abs((got[0]?.timestamp ?? 0) - before)).toBeLessThan(60_000);
  expect(ada.controller.getChatHistory()).toEqual(bob.controller.getChatHistory());
  bob.controller.clearChatHistory();
  expect(bob.controller.getChatHistory()).toEqual([]);
  await ada.controller.sendChatMessage({ move: "e4" });
  await until("the value", () => got.length === 2);
  expect(got[1]).toMatchObject({ data: { move: "e4" } });
  expect(bob.controller.getChatHistory()).toHaveLength(1);
});

test("the history keeps up with edits and deletions", async () => {
  const { ada, bob } = await pair("edits");
  const told: unknown[] = [];
  bob.controller.onChatMessageEdited((m) => told.push(m.message));
  bob.controller.onChatMessageDeleted((m) => told.push(m.messageId));
  const [one, two] = [await ada.controller.sendChatMessage("1"), await ada.controller.sendChatMessage("2")];
  await ada.core.editMessage("edits", one.messageId, "1a");
  await ada.core.deleteMessage("edits", two.messageId);
  await until("both", () => told.length === 2);
  expect(told).toEqual(["1a", two.messageId]);
  expect(bob.controller.getChatHistory().map((m) => [m.message, m.edited])).toEqual([["1a", true]]);
});

test("A7 A8: typing is told with who it is, not to oneself, and ends on send", async () => {
  const { ada, bob } = await pair("typing");
  const told: string[] = [];
  bob.controller.onTypingIndicator(({ userId }) => told.push(`${userId} types`));
  bob.controller.onTypingStopped(({ userId }) => told.push(`${userId} stopped`));
  ada.controller.onTypingIndicator(({ userId }) => told.push(`to ada: ${userId}`));
  const phone = client("typing", "ada");
  phone.controller.onTypingIndicator(({ userId }) => told.push(`to ada: ${userId}`));
  const live = new Promise<void>((done) => bob.core.on("level", () => done()));
  bob.cut(); // whoever comes back is level when it is told so
  await live;
  ada.controller.startTyping();
  await until("the sign", () => told.includes("ada types"));
  expect(bob.controller.typingUsers).toEqual(["ada"]);
  await ada.controller.sendChatMessage("x");
  await until("the end", () => told.includes("ada stopped"));
  expect(bob.controller.typingUsers).toEqual([]);
  ada.controller.startTyping();
  await until("the next sign", () => told.filter((t) => t === "ada types").length === 2);
  const began = performance.now();
  await until("its end", () => told.at(-1) === "ada stopped");
  expect(performance.now() - began).toBeGreaterThan(1500);
  expect(told.filter((t) => t.startsWith("to ada"))).toEqual([]);
});

test("A7: the states of the connection are told in order, and what was missed comes once", async () => {
  const { ada, bob } = await pair("states");
  const told: string[] = [];
  bob.controller.onConnected(() => told.push("connected")); // it is already
  bob.controller.onDisconnected(() => told.push("disconnected"));
  bob.controller.onReconnecting(() => told.push("reconnecting"));
  bob.controller.onReconnected(() => told.push("reconnected"));
  await until("the first word", () => told.length === 1);
  await ada.controller.sendChatMessage("0");
  for (let i = 1; i <= 4; i++) {
    bob.cut();
    await ada.controller.sendChatMessage(`${i}`);
    await until("it to be back", () => told.filter((t) => t === "reconnected").length === i);
  }
  await until("all of it", () => bob.controller.getChatHistory().length === 5);
  expect(bob.controller.getChatHistory().map((m) => m.message)).toEqual(["0", "1", "2", "3", "4"]);
  const again = ["disconnected", "reconnecting", "reconnected"];
  const turns = told.filter((t, i) => t !== told[i - 1]); // an attempt may fail, and be told of again
  expect(turns).toEqual(["connected", ...again, ...again, ...again, ...again]);
  bob.disconnect();
  expect(told.at(-1)).toBe("disconnected");
  expect(bob.isConnected).toBe(false);
});

test("A7: a break is told of once, each attempt after it, and the return", async () => {
  let broken = 0;
  const { openSocket, cut } = breakable();
  const { controller } = client("attempts", "ada", {
    transport: "websocket",
    openSocket: (url, protocol) => {
      if (broken-- > 0) throw new Error("no network");
      return openSocket(url, protocol);
    },
  });
  const told: string[] = [];
  controller.onDisconnected(() => told.push("disconnected"));
  controller.onReconnecting(({ retryIn }) => told.push(retryIn >= 0 ? "reconnecting" : "never"));
  controller.onReconnected(() => told.push("reconnected"));
  await controller.sendChatMessage("x");
  broken = 3;
  cut();
  await until("it to be back", () => told.includes("reconnected"));
  expect(told).toEqual(["disconnected", ...Array(4).fill("reconnecting"), "reconnected"]);
});

test("A5: the singleton takes listeners before any client, follows the last that was made, and goes back", async () => {
  const controller = RoomController.instance;
  const told: string[] = [];
  const stops = [
    controller.onChatMessage((m) => told.push(m.message)),
    controller.onConnected(() => told.push("connected")),
    controller.onDataChange(({ key, value }) => told.push(`${key}=${value}`)),
  ];
  const red = client("red", "ada");
  expect(RoomController.instance).toBe(controller);
  await until("red", () => told.includes("connected"));
  await controller.sendChatMessage("in red");
  await controller.setData("color", "red");
  await until("red's words", () => told.includes("in red") && told.includes("color=red"));
  const blue = client("blue", "ada");
  await controller.sendChatMessage("in blue");
  await until("blue's words", () => told.includes("in blue"));
  await red.controller.sendChatMessage("not for the singleton");
  await until("red to have it", () => red.controller.getChatHistory().length === 2);
  blue.disconnect();
  await controller.sendChatMessage("in red again");
  await until("red's words", () => told.includes("in red again"));
  expect(told).not.toContain("not for the singleton");
  expect(controller.getChatHistory().map((m) => m.message)).toEqual([
    "in red",
    "not for the singleton",
    "in red again",
  ]);
  red.disconnect();
  await expect(controller.sendChatMessage("nowhere")).rejects.toMatchObject({ code: "closed" });
  for (const stop of stops) stop();
});

test("A9: who is in the room is known, who left was last seen then, and state is shared", async () => {
  const { ada, bob } = await pair("presence");
  const told: string[] = [];
  bob.controller.onPresence((p) => told.push(`${p.userId} ${p.status}`));
  ada.controller.setPresence({ status: "away", custom: "at lunch" });
  await until("it", () => told.includes("ada away"));
  expect(bob.controller.getParticipants().find((p) => p.userId === "ada")).toMatchObject({
    custom: "at lunch",
  });
  const seen = new Map<string, unknown>();
  bob.controller.onDataChange(({ key, value }) => seen.set(key, value));
  const version = await ada.controller.setData("topic", "Lunch");
  await until("the key", () => seen.get("topic") === "Lunch");
  await expect(bob.controller.setData("topic", "x", { if: version - 1 })).rejects.toMatchObject({
    code: "version_conflict",
  });
  expect(await bob.controller.getData("topic")).toBe("Lunch");
  await bob.controller.deleteData("topic");
  await until("it to be gone", () => seen.has("topic") && seen.get("topic") === undefined);
  ada.disconnect();
  await until("ada to be gone", () => told.includes("ada offline"));
  const gone = await bob.controller.getPresence("ada");
  expect(gone.status).toBe("offline");
  expect(Math.abs((gone.lastSeen ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(bob.controller.getParticipants().map((p) => p.userId)).toEqual(["bob"]);
});

test("A10 A11: too fast, too large, no JSON and no right are each their own error, and cost nothing else", async () => {
  const { ada, bob } = await pair("errors");
  const send = (message: unknown) => ada.controller.sendChatMessage(message as string);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const bad of [undefined, () => {}, 1n, circle, ""])
    await expect(send(bad)).rejects.toMatchObject({ name: "ParleyError", code: "invalid" });
  await expect(send("x".repeat(65_535))).rejects.toMatchObject({ code: "too_large" });
  await expect(send("é".repeat(32_768))).rejects.toMatchObject({ code: "too_large" });
  expect((await send("x".repeat(65_534))).message).toHaveLength(65_534); // with its quotes, 64 KiB
  // Five a second: the long one counts, unless it took a second.
  const outcomes = await Promise.allSettled(["1", "2", "3", "4", "5", "6"].map(send));
  const sent = outcomes.filter((o) => o.status === "fulfilled").length;
  expect([4, 5]).toContain(sent);
  expect(outcomes.slice(0, sent).every((o) => o.status === "fulfilled")).toBe(true);
  for (const o of outcomes.slice(sent))
    expect(o).toMatchObject({ reason: { code: "rate_limited", retry: true } });
  await until("what was sent", () => bob.controller.getChatHistory().length === 1 + sent);
  const barred = client("dm:ada:bob", "mallory");
  await expect(barred.controller.sendChatMessage("x")).rejects.toMatchObject({ code: "forbidden" });
});

test("A guest's name goes with the messages; a user's is the server's to say", async () => {
  const guest = client("names", undefined, { userName: "Gast" });
  const ada = client("names", "ada", { userName: "Ada" });
  const [one, two] = [await guest.controller.sendChatMessage("1"), await ada.controller.sendChatMessage("2")];
  expect(one.userId).toMatch(/^guest-/);
  expect([one.userName, two.userName]).toEqual(["Gast", "Ada"]);
  const eve = client("names", "eve"); // has no name, and would like one
  await eve.core.sendMessage("names", { text: "3", meta: { userName: "Ada" } });
  await until("all", () => guest.controller.getChatHistory().some((m) => m.message === "3"));
  expect(guest.controller.getChatHistory().at(-1)?.userName).toBe("eve");
});

test("A12: a message that comes again is told once, whatever the log is read from", async () => {
  const { ada, bob } = await pair("again");
  const got: string[] = [];
  bob.controller.onChatMessage((m) => got.push(m.message));
  for (const text of ["1", "2", "3"]) await ada.controller.sendChatMessage(text);
  await until("all", () => got.length === 3);
  bob.controller.clearChatHistory();
  const { head } = await bob.core.joinChannel("again");
  await bob.core.joinChannel("again", { position: head.replace(/\d+$/, "0") });
  await ada.controller.sendChatMessage("4");
  await until("the next", () => got.includes("4"));
  expect(got).toEqual(["1", "2", "3", "4"]);
  expect(bob.controller.getChatHistory().map((m) => m.message)).toEqual(["4"]);
});

test("the history keeps the last messages, in their order, and forgets the oldest", async () => {
  const ada = client("bounded", "ada", { historyLimit: 3, rate: 0 });
  for (let i = 0; i < 10; i++) await ada.controller.sendChatMessage(`${i}`);
  await until("the last", () => ada.controller.getChatHistory().at(-1)?.message === "9");
  expect(ada.controller.getChatHistory().map((m) => m.message)).toEqual(["7", "8", "9"]);
});

test("A12: messages from anywhere are sorted by their time, each once", () => {
  const m = (messageId: string, timestamp: number, seq: number): ChatMessage => ({
    messageId,
    timestamp,
    seq,
    userId: "u",
    userName: "u",
    message: messageId,
  });
  const [a, b, c] = [m("a", 1, 1), m("b", 2, 2), m("c", 2, 3)];
  expect(sortMessages([c, a, b, a, c])).toEqual([a, b, c]);
});

test("A12: what the debug switch tells of is what happens", async () => {
  const frames: string[] = [];
  const ada = client("debug", "ada", { debug: (direction, { type }) => frames.push(`${direction} ${type}`) });
  await ada.controller.sendChatMessage("x");
  await until("them", () => frames.includes("received message"));
  expect(frames).toEqual(
    expect.arrayContaining(["sent subscribe", "received subscribed", "sent publish", "received ack"]),
  );
});
