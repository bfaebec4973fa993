import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Server, until } from "../../../e2e/server.mjs";
import { Client, type ClientOptions, type Socket } from "../src";

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
  bob.client.on("ready", async () => {
    await bob.client.joinChannel("seam");
    const page = await bob.client.getHistory("seam", { limit: 1000 });
    shown = page.map((m) => m.text ?? "");
    pages++;
  });
  bob.client.on("message", (m) => shown.push(m.text ?? ""));
  const all: string[] = [];
  for (let round = 0; round < 15; round++) {
    const before = pages;
    bob.cut();
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < 30; i++) {
      const text = `${all.length}`;
      all.push(text);
      sent.push(ada.client.sendMessage("seam", text));
      if (i === 20) await until("bob to be back", () => bob.client.isConnected);
    }
    await Promise.all(sent);
    await until("a page", () => pages > before);
    await until("all of it", () => shown.length >= all.length);
    expect(shown).toEqual(all);
  }
  ada.client.disconnect();
  bob.client.disconnect();
});
