// Run by leaks.test.ts: a client that does something and disconnects. Nothing
// ends this process: it has to have nothing left to do.
import { WebSocket } from "ws";

const [bundle, url, how] = process.argv.slice(2);
const { Client } = await import(bundle);
const client = new Client({
  url,
  userId: "ada",
  transport: how === "polling" ? "polling" : "websocket",
  backoff: { base: 20, cap: 200 },
  openSocket: (url, protocol) => new WebSocket(url, protocol),
});

if (how === "never") {
  // The server is not there: there is an attempt under way, or a pause.
  client.joinChannel("leave").catch(() => {});
  client.sendMessage("leave", "x").catch(() => {});
  client.getHistory("leave").catch(() => {});
  client.upload(new Uint8Array(9), { channel: "leave" }).catch(() => {});
  await new Promise((done) => setTimeout(done, 100));
} else {
  await client.joinChannel("leave");
  await client.sendMessage("leave", "x");
  await client.getPresence("ada");
  client.state("leave").subscribe(() => {});
  client.startTyping("leave");
  client.getHistory("leave").catch(() => {});
  await client.upload(new Uint8Array(9), { channel: "leave" });
}
client.disconnect();
await client.getHistory("leave").catch((error) => console.log(error.code));
