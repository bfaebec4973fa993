// What 100 messages a second cost a page.
import { readFile } from 'node:fs/promises';
import WebSocket from '../../e2e/node_modules/ws/wrapper.mjs';
import { until } from '../../e2e/server.mjs';

const perSecond = 100;
const text = 'x'.repeat(200);

// Talker writes messages of 200 bytes on a schedule that waits for no answer.
export class Talker {
  #ws;
  #acks = 0;

  static async open(url) {
    const t = new Talker();
    t.#ws = new WebSocket(`${url.replace('http', 'ws')}/v1/ws?userId=talker`, 'parley.v1.json');
    t.#ws.on('message', (data) => { if (JSON.parse(data).type === 'ack') t.#acks++; });
    await new Promise((done, fail) => t.#ws.once('open', done).once('error', fail));
    return t;
  }

  // talk writes for so many seconds, and waits until all of it is stored.
  async talk(channel, seconds) {
    const begun = performance.now(), all = perSecond * seconds, before = this.#acks;
    for (let n = 0; n < all;) {
      const due = Math.min(all, Math.floor(((performance.now() - begun) / 1000) * perSecond));
      for (; n < due; n++) this.#ws.send(JSON.stringify({ type: 'publish', channelId: channel, nonce: crypto.randomUUID(), text }));
      await new Promise((done) => setTimeout(done, 2));
    }
    await until('acks', () => this.#acks === before + all);
    return all;
  }

  close() { this.#ws.close(); }
}

// cost is what a page and its browser spent while messages came, in
// milliseconds: of the page's main thread (`task`; of it `script`, and `layout`
// with style), of its process, and of the whole browser.
export async function cost(browser, page, talker, channel, seconds) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const warm = await talker.talk(channel, 3); // until code is compiled
  const before = await spent(browser, cdp);
  const sent = await talker.talk(channel, seconds);
  const after = await spent(browser, cdp);
  const row = { sent: warm + sent };
  for (const what of Object.keys(before)) row[what] = after[what] - before[what];
  return row;
}

async function spent(browser, cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = Object.fromEntries(metrics.map((m) => [m.name, m.value * 1000]));
  return {
    task: of.TaskDuration,
    script: of.ScriptDuration,
    layout: of.LayoutDuration + of.RecalcStyleDuration,
    process: await cpuTime(browser, 'renderer'),
    browser: await cpuTime(browser),
    wall: performance.now(),
  };
}

// cpuTime is what the browser's processes, or those of a type, have spent.
export async function cpuTime(browser, type) {
  const all = await browser.newBrowserCDPSession();
  const { processInfo } = await all.send('SystemInfo.getProcessInfo');
  await all.detach();
  return processInfo.filter((p) => !type || p.type === type).reduce((ms, p) => ms + p.cpuTime * 1000, 0);
}

// Machine tells how busy everything else on it was.
export class Machine {
  #pids;
  #before;

  constructor(...pids) { this.#pids = pids; }

  async begin() { this.#before = await this.#now(); }

  // others is the share of one core, in percent, that neither the processes
  // nor, in milliseconds, `ours` account for.
  async others(ours) {
    const now = await this.#now(), { busy, own, at } = this.#before;
    return Math.max(0, ((now.busy - busy - (now.own - own) - ours) / (now.at - at)) * 100);
  }

  async #now() {
    const [, user, nice, system, , , irq, soft, steal] = (await readFile('/proc/stat', 'utf8')).split('\n')[0].split(/\s+/).map(Number);
    let own = 0;
    for (const pid of this.#pids) {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
      own += (Number(fields[11]) + Number(fields[12])) * 10;
    }
    return { busy: (user + nice + system + irq + soft + steal) * 10, own, at: performance.now() };
  }
}
