import type { ListedMessage } from "@parley/client/messages";
import { waitFor } from "@testing-library/react";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../../../e2e/server.mjs";
import { type Messages, useMessages } from "../src";
import { client, use } from "./harness";

let server: Server;
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterAll(() => server.stop());

const texts = (list: Messages) => list.messages.map((m) => m.text);

test("the last page, then what is said, then older pages, each message once and the same object", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  for (let i = 0; i < 25; i++) await bob.sendMessage("pages", `${i}`);
  const { result } = use(ada, () => useMessages("pages", { limit: 10 }));
  expect(result.current).toMatchObject({ messages: [], loading: true });
  await waitFor(() =>
    expect(texts(result.current)).toEqual(Array.from({ length: 10 }, (_, i) => `${15 + i}`)),
  );
  const held = result.current.messages[3];
  await bob.sendMessage("pages", "25");
  await waitFor(() => expect(texts(result.current).at(-1)).toBe("25"));
  await result.current.loadOlder();
  await waitFor(() => expect(result.current.messages).toHaveLength(21));
  expect(result.current.messages[13]).toBe(held);
  expect(result.current.hasOlder).toBe(true);
  await result.current.loadOlder();
  await waitFor(() => expect(result.current.hasOlder).toBe(false));
  expect(texts(result.current)).toEqual(Array.from({ length: 26 }, (_, i) => `${i}`));
  const array = result.current.messages;
  await result.current.loadOlder();
  expect(result.current.messages).toBe(array);
});

test("a message of one's own is there at once, keeps its key, and is never there twice", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const shown: (readonly ListedMessage[])[] = [];
  const { result } = use(ada, () => {
    const list = useMessages("own");
    shown.push(list.messages);
    return list;
  });
  await waitFor(() => expect(result.current.loading).toBe(false));
  await bob.joinChannel("own");
  const stored = await result.current.send("Hello");
  await waitFor(() => expect(result.current.messages).toMatchObject([{ id: stored.id, seq: 1 }]));
  const all = shown.flat();
  expect(all[0]).toMatchObject({ status: "sending", text: "Hello" });
  expect(new Set(all.map((m) => m.key)).size).toBe(1);
  const first = shown.findIndex((m) => m.length > 0);
  expect(shown.slice(first).every((m) => m.length === 1)).toBe(true);
  await bob.ackRead("own", stored.id);
  await waitFor(() => expect(result.current.messages[0]?.status).toBe("read"));
});

test("what fails stays, and can be sent again as the same message or taken away", async () => {
  const ada = client(server.url, "ada");
  const { result } = use(ada, () => useMessages("fails"));
  await waitFor(() => expect(result.current.loading).toBe(false));
  const big = "x".repeat(70_000);
  await expect(result.current.send(big)).rejects.toMatchObject({ code: "too_large" });
  await waitFor(() =>
    expect(result.current.messages).toMatchObject([{ status: "failed", error: { code: "too_large" } }]),
  );
  const nonce = result.current.messages[0]?.nonce ?? "";
  await expect(result.current.retry(nonce)).rejects.toMatchObject({ code: "too_large" });
  await waitFor(() => expect(result.current.messages[0]?.status).toBe("failed"));
  expect(result.current.messages).toHaveLength(1);
  expect(result.current.discard(nonce)).toMatchObject({ text: big });
  await waitFor(() => expect(result.current.messages).toEqual([]));
  await expect(result.current.retry(nonce)).rejects.toMatchObject({ code: "not_found" });
});

test("edits, deletions, reactions and pins change the message that they are about, and no other", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const [one, two] = [await bob.sendMessage("changes", "1"), await bob.sendMessage("changes", "2")];
  const { result } = use(ada, () => useMessages("changes"));
  await waitFor(() => expect(result.current.messages).toHaveLength(2));
  const untouched = result.current.messages[1];
  await bob.editMessage("changes", one.id, "changed");
  await bob.react("changes", one.id, "👍");
  await ada.react("changes", one.id, "👍");
  await waitFor(() =>
    expect(result.current.messages[0]).toMatchObject({
      text: "changed",
      reactions: [{ reaction: "👍", count: 2, userIds: ["bob", "ada"] }],
    }),
  );
  expect(result.current.messages[1]).toBe(untouched);
  await bob.deleteMessage("changes", one.id);
  await waitFor(() => expect(result.current.messages[0]).toMatchObject({ deletedAt: expect.any(String) }));
  expect(result.current.messages[0]).not.toHaveProperty("text");
  expect(result.current.messages[0]).not.toHaveProperty("reactions");
  const { messages } = await ada.getHistory("changes", { limit: 1 });
  expect(messages[0]?.id).toBe(two.id);
});

test("what was said while the connection was broken comes once, and what was written meanwhile is shown", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const { result } = use(ada, () => useMessages("broken"));
  await waitFor(() => expect(result.current.loading).toBe(false));
  await bob.sendMessage("broken", "1");
  await waitFor(() => expect(texts(result.current)).toEqual(["1"]));
  const broken = new Promise<void>((done) => ada.on("connection", () => done()));
  ada.cut();
  await broken;
  const mine = result.current.send("3");
  await waitFor(() => expect(texts(result.current)).toContain("3"));
  await bob.sendMessage("broken", "2");
  await mine;
  await waitFor(() => expect(texts(result.current).sort()).toEqual(["1", "2", "3"]));
  const seqs = result.current.messages.map((m) => m.seq);
  expect(seqs).toEqual([1, 2, 3]);
});

test("a list that is put up while messages wait for a connection shows them", async () => {
  const ada = client(server.url, "ada");
  await waitFor(() => expect(ada.isConnected).toBe(true));
  await server.kill();
  await waitFor(() => expect(ada.isConnected).toBe(false));
  const mine = ada.sendMessage("waits", "later");
  const { result } = use(ada, () => useMessages("waits"));
  await waitFor(() => expect(result.current.messages).toMatchObject([{ text: "later", status: "sending" }]));
  await server.run();
  await mine;
  await waitFor(() => expect(result.current.messages).toMatchObject([{ text: "later", seq: 1 }]));
});

test("where the log is another one, the list begins again", async () => {
  const [before, after] = [await Server.start("--dev"), await Server.start("--dev")];
  try {
    const other = client(after.url, "bob");
    await other.sendMessage("log", "of another log");
    other.disconnect();
    await after.kill();
    const ada = client(before.url, "ada");
    const { result } = use(ada, () => useMessages("log"));
    await waitFor(() => expect(result.current.loading).toBe(false));
    for (let i = 0; i < 3; i++) await ada.sendMessage("log", `${i}`);
    await waitFor(() => expect(result.current.messages).toHaveLength(3));
    await before.kill();
    await after.run(before.url.replace("http://", ""));
    await waitFor(() => expect(texts(result.current)).toEqual(["of another log"]));
    await ada.sendMessage("log", "goes on");
    await waitFor(() => expect(texts(result.current)).toEqual(["of another log", "goes on"]));
  } finally {
    await Promise.all([before.stop(), after.stop()]);
  }
});

test("a list begins around a message, goes on at both ends, and to the present", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  for (let i = 0; i < 20; i++) await bob.sendMessage("around", `${i}`);
  const { messages } = await ada.getHistory("around");
  const around = messages[8]?.id ?? "";
  const { result } = use(ada, () => useMessages("around", { limit: 3, around }));
  await waitFor(() => expect(texts(result.current)).toEqual(["6", "7", "8", "9", "10", "11"]));
  expect(result.current).toMatchObject({ hasOlder: true, hasNewer: true });
  await bob.editMessage("around", around, "changed");
  await bob.sendMessage("around", "20");
  await waitFor(() => expect(texts(result.current)[2]).toBe("changed"));
  await result.current.loadNewer();
  await waitFor(() => expect(texts(result.current).at(-1)).toBe("14"));
  await result.current.jump();
  await waitFor(() => expect(texts(result.current)).toEqual(["18", "19", "20"]));
  expect(result.current.hasNewer).toBe(false);
  await expect(result.current.jump("01945a3d-0000-7000-8000-000000000001")).rejects.toMatchObject({
    code: "not_found",
  });
});
