import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Server, until } from "../../../e2e/server.mjs";
import { Client, type ClientOptions, type Message, type Socket } from "../src";
import type { Page } from "../src/history";
import { Seam } from "../src/seam";

let server: Server;
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterAll(() => server.stop());

function client(userId: string): { client: Client; cut(): void } {
  const sockets: WebSocket[] = [];
  const openSocket: ClientOptions["openSocket"] = (url, protocol) => {
    const socket = new WebSocket(url, protocol);
    sockets.push(socket);
    return socket as unknown as Socket;
  };
  const options = { url: server.url, userId, rate: 0, backoff: { base: 5, cap: 20 }, openSocket };
  return { client: new Client(options), cut: () => sockets.at(-1)?.terminate() };
}

test("D2: whoever shows a page at each ready, and then what comes, shows each message once", async () => {
  const [ada, bob] = [client("ada"), client("bob")];
  let shown: string[] = [];
  let pages = 0;
  let readies = 0;
  bob.client.on("ready", async () => {
    readies++;
    await bob.client.joinChannel("seam");
    const page = await bob.client.getHistory("seam", { limit: 1000 });
    shown = page.map((m) => m.text ?? "");
    pages++;
  });
  bob.client.on("message", (m) => shown.push(m.text ?? ""));
  const all: string[] = [];
  for (let round = 0; round < 15; round++) {
    const [before, was] = [pages, readies];
    bob.cut();
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < 30; i++) {
      const text = `${all.length}`;
      all.push(text);
      sent.push(ada.client.sendMessage("seam", text));
      if (i === 20) await until("bob to be back", () => readies > was);
    }
    await Promise.all(sent);
    await until("a page", () => pages > before);
    await until("all of it", () => shown.length >= all.length);
    expect(shown).toEqual(all);
  }
  ada.client.disconnect();
  bob.client.disconnect();
});

/** A seam, what was told of through it, and a page that is answered by hand. */
function seam() {
  const told: number[] = [];
  const tell = (seq: number) => {
    const event = { type: "message", channelId: "c", seq };
    if (s.holds(event)) return;
    told.push(seq);
    s.told();
  };
  const after = (milliseconds: number, callback: () => void) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  };
  const s = new Seam({ tell: (event) => tell(event.seq), place: () => told.at(-1), after });
  return { seam: s, told, tell };
}

function page(head: number, ...seqs: number[]): Page {
  const messages = seqs.map((seq) => ({ seq })) as Message[];
  return Object.assign(messages, { messages, head: `e:${head}`, more: false });
}

test("what a page holds is told of before it is given, and the rest afterwards", async () => {
  const { seam: s, told, tell } = seam();
  tell(1);
  let answer = (_: Page) => {};
  let given: number[] | undefined;
  const asked = s.page(() => new Promise<Page>((resolve) => (answer = resolve)));
  void asked.then(() => {
    given = [...told];
  });
  await Promise.resolve();
  for (const seq of [2, 3]) tell(seq);
  expect(told).toEqual([1]);
  answer(page(3, 1, 2, 4)); // 4 was posted while it was read
  await until("those that are there", () => told.length === 3);
  expect(given).toBeUndefined();
  for (const seq of [4, 5, 6]) tell(seq);
  await asked;
  expect(told).toEqual([1, 2, 3, 4]);
  await until("the rest", () => told.length === 6);
  expect([given, told]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4, 5, 6],
  ]);
});

test("a page that fails holds nothing back", async () => {
  const { seam: s, told, tell } = seam();
  const asked = s.page(() => Promise.reject(new Error("no")));
  await Promise.resolve();
  tell(1);
  await expect(asked).rejects.toThrow("no");
  await until("it", () => told.length === 1);
});
