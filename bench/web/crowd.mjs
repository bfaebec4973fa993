// People who write into a channel, and a reader's page that is signed in.
import WebSocket from '../../e2e/node_modules/ws/wrapper.mjs';
import { until } from '../../e2e/server.mjs';

const words = 'The build is green again, and what broke it was a clock that stood still for a second'.split(' ');

// sentence is the nth message: of 3 to 18 words, with its number, so that no two are alike.
export function sentence(n) {
  const length = 3 + (n % 16);
  return `${Array.from({ length }, (_, i) => words[(n + i) % words.length]).join(' ')} ${n}`;
}

// Crowd is five people on a connection each.
export class Crowd {
  #people;
  #sent = 0;
  #acks = 0;

  static async open(url) {
    const crowd = new Crowd();
    crowd.#people = await Promise.all(['ben', 'cy', 'dee', 'eve', 'fay'].map(async (name) => {
      const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/ws?userId=${name}&userName=${name}`, 'parley.v1.json');
      ws.on('message', (data) => {
        const frame = JSON.parse(data);
        if (frame.type === 'ack') crowd.#acks += frame.results?.length ?? 1;
        if (frame.type === 'error') throw new Error(String(data));
      });
      await new Promise((done, fail) => ws.once('open', done).once('error', fail));
      return ws;
    }));
    return crowd;
  }

  // last is the text of the newest message.
  get last() { return sentence(this.#sent - 1); }

  // talk writes so many a second for so many seconds, on a schedule that waits
  // for no answer; `done` ends it sooner.
  async talk(channel, perSecond, seconds, done = () => false) {
    const begun = performance.now(), all = perSecond * seconds, before = this.#sent;
    while (this.#sent - before < all && !done()) {
      const due = Math.min(all, Math.floor(((performance.now() - begun) / 1000) * perSecond));
      while (this.#sent - before < due) this.#say(channel, 1);
      await new Promise((r) => setTimeout(r, 2));
    }
    await this.#settled();
    return this.#sent - before;
  }

  // flood writes n messages as fast as the server takes them, a hundred at a
  // time, as one of them: their order is that of the log.
  async flood(channel, n) {
    for (const end = this.#sent + n; this.#sent < end;) {
      this.#say(channel, Math.min(100, end - this.#sent), 0);
      if (this.#sent - this.#acks > 400) await until('acks', () => this.#sent - this.#acks <= 200, 60000);
    }
    await this.#settled();
  }

  #settled() { return until('acks', () => this.#acks === this.#sent, 60000); }

  #say(channel, n, who = this.#sent % this.#people.length) {
    const messages = Array.from({ length: n }, () => ({ nonce: crypto.randomUUID(), text: sentence(this.#sent++) }));
    const frame = n === 1 ? { type: 'publish', channelId: channel, ...messages[0] } : { type: 'publish', channelId: channel, messages };
    this.#people[who].send(JSON.stringify(frame));
  }

  close() { for (const ws of this.#people) ws.close(); }
}

// reader opens the chat at a channel in a browser of its own, whose storage
// says who that is, as a returning person's does. `begin` runs in the page
// before any script of it.
export async function reader(browser, url, channel, begin = () => {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(() => { localStorage.setItem('parley.credentials', JSON.stringify({ kind: 'name', name: 'Ada' })); });
  await context.addInitScript(begin);
  const page = await context.newPage();
  page.setDefaultTimeout(120000);
  return { context, page, open: () => page.goto(`${url}/#/c/${encodeURIComponent(channel)}`) };
}

// shows waits until the page shows this message. It need not be the last of the
// log, for what several people say comes in any order. It asks seldom: who
// looks all the time is what the page is busy with.
export async function shows(page, text, most = 1800_000) {
  for (const end = Date.now() + most; ;) {
    if (await page.evaluate((text) => [...document.querySelectorAll('[role=feed] article')].some((one) => one.textContent.includes(text)), text)) return;
    if (Date.now() > end) throw new Error(`waited in vain for "${text}"`);
    await new Promise((r) => setTimeout(r, 250));
  }
}

// heap is what the page's scripts hold, in bytes, and how many nodes it has,
// once what nothing holds is gone.
export async function heap(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await cdp.send('HeapProfiler.enable');
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  await cdp.detach();
  const of = Object.fromEntries(metrics.map((m) => [m.name, m.value]));
  return { bytes: of.JSHeapUsedSize, nodes: of.Nodes };
}
