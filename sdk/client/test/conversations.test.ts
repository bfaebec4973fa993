import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { until } from "../../../e2e/server.mjs";
import {
  ConversationClient,
  type ConversationMessage,
  type ConversationOptions,
  MessageOrdering,
  ReadReceiptManager,
  TypingIndicator,
  uploadFile,
} from "../src/conversations";
import { breakable, World } from "./harness";

const world = new World();

type Told = ConversationClient & { cut(): void; told: string[]; messages: ConversationMessage[] };

/** A user's client, which notes what it is told of. */
async function client(userId: string, conversationId: string, more: ConversationOptions = {}): Promise<Told> {
  const { openSocket, cut } = breakable();
  const c = new ConversationClient(userId, conversationId, {
    url: world.server.url,
    rate: 0,
    backoff: { base: 20, cap: 200 },
    openSocket,
    ...more,
  });
  world.after(() => c.close());
  const told: string[] = [];
  const messages: ConversationMessage[] = [];
  c.onMessageSent = (m) => messages.push(m);
  c.onMessageReceived = (m) => messages.push(m);
  c.onMessageAck = (tempId, id) => {
    for (const m of messages) if (m.id === tempId) m.id = id;
  };
  c.onMessageStatus = (id, status, error) => {
    for (const m of messages) if (m.id === id) m.status = status;
    told.push(error ? `${status} ${error.code}` : status);
  };
  c.onTyping = (user) => told.push(`typing ${user}`);
  c.onTypingStop = (user) => told.push(`typing_stop ${user}`);
  c.onRead = (user, id) => told.push(`read ${user} ${id}`);
  c.onMessageEdited = (id, text) => told.push(`edited ${id} ${text}`);
  c.onMessageDeleted = (id) => told.push(`deleted ${id}`);
  const level = new Promise<void>((done) => c.core.on("level", () => done()));
  await level;
  return Object.assign(c, { cut, told, messages });
}

const pair = async (conversation: string) => ({
  ada: await client("ada", conversation),
  bob: await client("bob", conversation),
});

/** A plain connection to the conversation's door, as its own clients have it. */
async function raw(userId: string, conversationId: string) {
  const ws = new WebSocket(`${world.server.url.replace("http", "ws")}/chat`);
  const frames: Record<string, unknown>[] = [];
  ws.on("message", (data) => frames.push(JSON.parse(String(data))));
  await once(ws, "open");
  ws.send(JSON.stringify({ type: "subscribe", conversationId, userId }));
  await until("the subscription", () => frames.some((f) => f.type === "subscribed"));
  return { ws, frames };
}

test("E1 E2: a message is shown at once, acknowledged with its id, delivered, and read", async () => {
  const { ada, bob } = await pair("life");
  const shown = ada.sendMessage("Hello");
  expect(shown).toMatchObject({ conversationId: "life", senderId: "ada", text: "Hello", status: "sending" });
  expect(shown.id).toMatch(/^temp-/);
  expect(ada.messages).toHaveLength(1);
  await until("bob to have it", () => bob.messages.length === 1);
  const [got] = bob.messages;
  expect(got).toMatchObject({ senderId: "ada", text: "Hello", sequence: 0, status: "sent" });
  expect(got).not.toHaveProperty("tempId");
  await until("the delivery", () => ada.told.includes("delivered"));
  bob.markRead(got?.id ?? "");
  await until("the reading", () => ada.told.includes("read"));
  expect(ada.told.filter((t) => !t.startsWith("read "))).toEqual(["sent", "delivered", "read"]);
  expect(ada.messages).toMatchObject([{ id: got?.id, status: "read" }]);
  await until("who read it", () => ada.told.includes(`read bob ${got?.id}`));
  const seenByHerself = new Promise<void>((done) => {
    ada.core.on("read", ({ userId }) => userId === "ada" && done());
  });
  ada.markRead(got?.id ?? "");
  await seenByHerself;
  expect(ada.told.filter((t) => t.startsWith("read "))).toEqual([`read bob ${got?.id}`]);
  const times = ada.receipts.getStatus(got?.id ?? "");
  expect(times?.delivered?.getTime()).toBeGreaterThanOrEqual(times?.sent.getTime() ?? Number.NaN);
  expect(times?.read?.getTime()).toBeGreaterThanOrEqual(times?.delivered?.getTime() ?? Number.NaN);
});

test("E1: what the server refuses has failed, with the reason", async () => {
  const { ada } = await pair("failed");
  ada.sendMessage("x".repeat(70_000));
  await until("it", () => ada.told.length > 0);
  expect(ada.told).toEqual(["failed too_large"]);
  expect(ada.messages).toMatchObject([{ status: "failed" }]);
});

test("E2: another device of the sender's gets the message, with the temporary id", async () => {
  const { ada } = await pair("devices");
  const phone = await client("ada", "devices");
  const { id } = ada.sendMessage("x");
  await until("it", () => phone.messages.length === 1 && ada.told.includes("sent"));
  expect(phone.messages).toMatchObject([{ senderId: "ada", tempId: id }]);
  expect(ada.messages).toHaveLength(1);
});

test("E3: typing is told, and its end, by the client's socket and by a real one", async () => {
  const { ada, bob } = await pair("typing");
  const carol = await raw("carol", "typing");
  for (const [user, ws] of [
    ["ada", ada.socket],
    ["carol", carol.ws],
  ] as const) {
    const indicator = new TypingIndicator("typing", user, ws);
    indicator.startTyping();
    await until("the sign", () => bob.told.includes(`typing ${user}`));
    indicator.stopTyping();
    await until("the end", () => bob.told.at(-1) === `typing_stop ${user}`);
    indicator.startTyping();
    await until("the next", () => bob.told.at(-1) === `typing ${user}`);
    await until("its own end", () => bob.told.at(-1) === `typing_stop ${user}`);
  }
  expect(ada.told.filter((t) => t.includes("ada"))).toEqual([]);
  carol.ws.close();
});

test("E4: receipts, several at once, by the client's socket and by a real one; each is told by one read", async () => {
  const { ada, bob } = await pair("receipts");
  const carol = await raw("carol", "receipts");
  for (let i = 0; i < 5; i++) ada.sendMessage(`${i}`);
  await until("all", () => bob.messages.length === 5);
  const ids = bob.messages.map((m) => m.id);
  const changes: unknown[] = [];
  const window = new EventTarget();
  window.addEventListener("message-status-change", (e) => changes.push((e as CustomEvent).detail));
  Object.assign(globalThis, { window });
  try {
    new ReadReceiptManager(bob.socket).markVisibleMessagesAsRead(ids, "bob");
    const managed = new ReadReceiptManager(carol.ws, "carol");
    managed.markVisibleMessagesAsRead(ids, "carol");
    managed.markVisibleMessagesAsRead(ids, "carol");
    const want = ["bob", "carol"].flatMap((user) => ids.map((id) => `read ${user} ${id}`));
    await until("them", () => want.every((line) => ada.told.includes(line)));
    expect(ada.told.filter((t) => t.startsWith("read ")).sort()).toEqual(want.sort());
    await until("the statuses", () => ada.messages.every((m) => m.status === "read"));
    expect(changes).toEqual(expect.arrayContaining(ids.map((messageId) => ({ messageId, status: "read" }))));
  } finally {
    Reflect.deleteProperty(globalThis, "window");
  }
  carol.ws.close();
});

test("E4: a manager keeps when one's own messages came how far, and seeing them oneself is no reading", async () => {
  const sent: string[] = [];
  const ws = { readyState: 1, userId: "ada", send: (data: string) => sent.push(JSON.parse(data).messageId) };
  const manager = new ReadReceiptManager(ws);
  manager.markMessageDelivered("unknown");
  expect(manager.getStatus("unknown")).toBeUndefined();
  manager.markMessageSent("mine");
  manager.markMessageRead("mine", "ada");
  expect(manager.getStatus("mine")).not.toHaveProperty("read");
  manager.markMessageDelivered("mine");
  manager.markMessageRead("mine", "bob");
  expect(manager.getStatus("mine")).toMatchObject({ delivered: expect.any(Date), read: expect.any(Date) });
  manager.markMessageRead("temp-1", "ada");
  expect(sent).toEqual([]);
  manager.markMessageRead("theirs", "ada");
  manager.markMessageRead("theirs", "ada");
  expect(sent).toEqual(["theirs"]);
});

test("E5: numbers have no holes; what is missing is asked for, and what deletions left is there", async () => {
  const { ada, bob } = await pair("numbers");
  for (let i = 0; i < 6; i++) ada.sendMessage(`${i}`);
  await until("all", () => bob.messages.length === 6);
  await ada.core.deleteMessage("numbers", bob.messages[2]?.id ?? "");
  await ada.core.state("numbers").set("key", 1); // events without a number
  ada.sendMessage("6");
  await until("the last", () => bob.messages.length === 7);
  expect(bob.messages.map((m) => m.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6]);

  const late = await client("carol", "numbers");
  const ordering = new MessageOrdering();
  ada.sendMessage("7");
  await until("it", () => late.messages.length === 1);
  for (const m of late.messages) ordering.addMessage({ ...m, sequence: m.sequence ?? -1 });
  const hole = ordering.requestMissingMessages();
  expect(hole).toEqual({ from: 0, to: 6 });
  const found = await late.getMissing(hole ?? { from: 0, to: 0 });
  expect(found.gaps).toEqual([]);
  for (const m of found.messages) ordering.addMessage(m);
  expect(ordering.hasMissingMessages()).toBe(false);
  expect(ordering.getMessages().map((m) => (m as ConversationMessage).text)).toEqual(
    "01.34567".split("").map((t) => t.replace(".", "")),
  );
  expect(found.messages[2]).toMatchObject({ sequence: 2, deleted: true, text: "" });
  for (const [from, to] of [
    [3, 4],
    [7, 7],
    [5, 9],
  ] as const) {
    const { messages } = await late.getMissing({ from, to });
    const want = [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => n >= from && n <= to);
    expect(messages.map((m) => m.sequence)).toEqual(want);
  }
  expect((await late.getHistory({ limit: 2 })).map((m) => m.text)).toEqual(["6", "7"]);
});

test("E6: a file is uploaded with progress, and shared as an object that all doors understand", async () => {
  const { ada, bob } = await pair("files");
  const carol = await raw("carol", "files");
  const file = new File(["some text"], "notes.txt");
  const progress: number[] = [];
  const url = await uploadFile(file, "files", (percent) => progress.push(percent));
  expect(url).toMatch(/^\/files\//);
  expect(progress.at(-1)).toBe(100);
  const share = { type: "file", url, fileName: file.name, fileSize: file.size } as const;
  ada.sendMessage(share);
  await until("it", () => bob.messages.length === 1 && carol.frames.some((f) => f.type === "message"));
  expect(bob.messages[0]?.text).toEqual(share);
  expect(carol.frames.find((f) => f.type === "message")).toMatchObject({ message: { text: share } });
  expect(await (await fetch(`${world.server.url}${url}?userId=bob`)).text()).toBe("some text");
  for (const c of [ada, bob]) c.close();
  const alone = await uploadFile(file, "files", undefined, { url: world.server.url, userId: "ada" });
  expect(alone).toMatch(/^\/files\//);
  const refused = uploadFile(file, "", undefined, { url: world.server.url, userId: "ada" });
  await expect(refused).rejects.toMatchObject({ name: "ParleyError", code: "invalid" });
  carol.ws.close();
});

test("E7: whatever becomes of the connection, each message is sent once and told of once, in order", async () => {
  const { ada, bob } = await pair("cuts");
  for (let i = 0; i < 60; i++) {
    ada.sendMessage(`${i}`);
    if (i % 10 === 4) ada.cut();
    if (i % 10 === 7) bob.cut();
    if (i % 5 === 0) await new Promise((done) => setTimeout(done, 5));
  }
  await until("all", () => bob.messages.length >= 60 && ada.messages.every((m) => !m.id.startsWith("temp-")));
  const want = Array.from({ length: 60 }, (_, i) => `${i}`);
  expect(bob.messages.map((m) => m.text)).toEqual(want);
  expect(bob.messages.map((m) => m.sequence)).toEqual(want.map(Number));
  expect(ada.messages.map((m) => m.text)).toEqual(want);
});

test("E7: a message that comes again is told of once, with what has become of it since", async () => {
  const { ada, bob } = await pair("again");
  for (const text of ["0", "1", "2"]) ada.sendMessage(text);
  await until("all", () => bob.messages.length === 3 && ada.told.filter((t) => t === "sent").length === 3);
  const [, edited, deleted] = bob.messages.map((m) => m.id);
  await ada.core.editMessage("again", edited ?? "", "1a");
  await ada.core.deleteMessage("again", deleted ?? "");
  const events = [`edited ${edited} 1a`, `deleted ${deleted}`];
  await until("the changes", () => events.every((e) => bob.told.includes(e)));
  bob.told.length = 0;
  for (const c of [ada, bob]) {
    const { head } = await c.core.joinChannel("again");
    await c.core.joinChannel("again", { position: head.replace(/\d+$/, "0") });
  }
  await until("the changes again", () => events.every((e) => bob.told.includes(e)));
  ada.sendMessage("3");
  await until("the next", () => bob.messages.length > 3 && ada.messages.length > 3);
  expect(bob.messages.map((m) => m.text)).toEqual(["0", "1", "2", "3"]);
  expect(ada.messages).toHaveLength(4);
});

test("edits and deletions are told", async () => {
  const { ada, bob } = await pair("changes");
  ada.sendMessage("a");
  await until("it", () => bob.messages.length === 1);
  const id = bob.messages[0]?.id ?? "";
  await ada.core.editMessage("changes", id, "b");
  await ada.core.deleteMessage("changes", id);
  await until("both", () => bob.told.length === 2);
  expect(bob.told).toEqual([`edited ${id} b`, `deleted ${id}`]);
});

test("the socket tells in the door's frames, refuses in them, and closes the client", async () => {
  const { ada, bob } = await pair("socket");
  const frames: { type: string; code?: string }[] = [];
  const socket: globalThis.WebSocket = bob.socket; // wherever one is wanted
  socket.addEventListener("message", (e) => frames.push(JSON.parse((e as MessageEvent<string>).data)));
  ada.sendMessage("x");
  bob.sendMessage("y");
  await until("both", () => frames.length === 2);
  expect(frames.map((f) => f.type).sort()).toEqual(["message", "message_ack"]);
  frames.length = 0;
  for (const data of [
    "nonsense",
    '{"type":"subscribe"}',
    '{"type":"read_receipt"}',
    '{"type":"typing_start","conversationId":"socket","userId":"mallory"}',
    '{"type":"typing_start","conversationId":"another"}',
  ])
    bob.socket.send(data);
  expect(frames.map((f) => [f.type, f.code])).toEqual(
    ["malformed", "unknown_type", "invalid", "foreign_sender", "not_subscribed"].map((code) => [
      "error",
      code,
    ]),
  );
  bob.socket.send('{"type":"read_receipt","messageId":"nothing"}');
  await until("the refusal", () => frames.at(-1)?.code === "not_found");
  let closed = 0;
  bob.socket.onclose = () => closed++;
  expect(bob.socket.readyState).toBe(1);
  bob.socket.close();
  bob.close();
  expect([closed, bob.socket.readyState, bob.core.connectionState]).toEqual([1, 3, "closed"]);
});

test("a client that is shared goes on when a conversation is closed", async () => {
  const ada = await client("ada", "shared");
  const other = new ConversationClient("ada", "shared-too", { client: ada.core });
  const got: unknown[] = [];
  const bob = await client("bob", "shared-too");
  other.onMessageReceived = (m) => got.push(m.text);
  await other.core.joinChannel("shared-too");
  bob.sendMessage("1");
  await until("it", () => got.length === 1);
  other.close();
  expect(ada.core.isConnected).toBe(true);
  bob.sendMessage("2");
  ada.sendMessage("still here");
  await until("it", () => ada.told.includes("sent"));
  expect(got).toEqual(["1"]);
});

test("of very many messages the times of the last ones are kept", () => {
  const manager = new ReadReceiptManager({ readyState: 1, send: () => {} }, "ada");
  for (let i = 0; i <= 10_000; i++) manager.markMessageSent(`m${i}`);
  expect(manager.getStatus("m0")).toBeUndefined();
  expect(manager.getStatus("m1")?.messageId).toBe("m1");
});
