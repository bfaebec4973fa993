// Run by leaks.test.ts with --expose-gc: a client that is cut a thousand times,
// and what it holds in between.
import { WebSocket } from "ws";

const [bundle, url] = process.argv.slice(2);
const { Client } = await import(bundle);
const sockets = [];
let last;
const client = new Client({
  url,
  userId: "ada",
  rate: 0,
  backoff: { base: 1, cap: 2 },
  openSocket: (url, protocol) => {
    last = new WebSocket(url, protocol);
    sockets.push(new WeakRef(last));
    return last;
  },
});
let heard = 0;
client.on("message", () => heard++);
client.state("cut").subscribe(() => {});
await client.joinChannel("cut");

async function cut(times) {
  for (let i = 0; i < times; i++) {
    const back = new Promise((done) => {
      const stop = client.on("ready", () => {
        stop();
        done();
      });
    });
    const sent = client.sendMessage("cut", "x");
    client.getHistory("cut", { limit: 1 }).catch(() => {});
    last.terminate();
    await back;
    await sent;
  }
}

async function weigh() {
  await client.getHistory("cut", { limit: 1 });
  for (let i = 0; i < 5; i++) {
    await new Promise((done) => setTimeout(done, 20));
    gc();
  }
  const resources = {};
  for (const r of process.getActiveResourcesInfo()) resources[r] = (resources[r] ?? 0) + 1;
  return {
    heap: process.memoryUsage().heapUsed,
    timers: resources.Timeout ?? 0,
    connections: resources.TCPSocketWrap ?? 0,
    sockets: sockets.filter((s) => s.deref()).length,
    listeners: process.listenerCount("exit") + process.listenerCount("unhandledRejection"),
  };
}

await cut(200);
const before = await weigh();
await cut(800);
const after = await weigh();
console.log(JSON.stringify({ before, after, heard }));
client.disconnect();
