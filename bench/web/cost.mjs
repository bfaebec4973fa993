// What messages and receipts cost the page of who reads them.
import WebSocket from '../../e2e/node_modules/ws/wrapper.mjs';

// cost is what the page's main thread did while f ran, in milliseconds (`task`
// is all of it, of which `script`, `style` and `layout` are parts), and how
// often it laid out.
export async function cost(page, f) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const before = await spent(cdp);
  await f();
  const after = await spent(cdp);
  await cdp.detach();
  return Object.fromEntries(Object.entries(after).map(([what, now]) => [what, now - before[what]]));
}

async function spent(cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = Object.fromEntries(metrics.map((m) => [m.name, m.value]));
  return {
    task: of.TaskDuration * 1000, script: of.ScriptDuration * 1000,
    style: of.RecalcStyleDuration * 1000, layout: of.LayoutDuration * 1000, layouts: of.LayoutCount,
  };
}

// Readers follow a channel and mark as read what they are told of.
export class Readers {
  #all;

  static async open(url, channel, n) {
    const readers = new Readers();
    readers.#all = await Promise.all(Array.from({ length: n }, async (_, i) => {
      const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/ws?userId=reader-${i}`, 'parley.v1.json');
      const level = new Promise((done) => ws.on('message', (data) => {
        const frame = JSON.parse(data);
        if (frame.type === 'error') throw new Error(String(data));
        if (frame.type === 'level') done();
        if (frame.type === 'message') ws.send(JSON.stringify({ type: 'read', channelId: channel, id: frame.id }));
      }));
      await new Promise((done, fail) => ws.once('open', done).once('error', fail));
      ws.send(JSON.stringify({ type: 'subscribe', channelId: channel }));
      await level;
      return ws;
    }));
    return readers;
  }

  close() { for (const ws of this.#all) ws.close(); }
}
