// The figures of docs/web.md: what the chat loads at first, when something and
// the first message can be seen, how long a key waits while 50 messages a second
// arrive, what a message costs the page of who reads it, and what an hour of
// them leaves in memory. Prints tables; with --out FILE it adds each single run
// to a file that benchstat reads.
//
//   make build && (cd e2e && npm ci)
//   node bench/web/figures.mjs [--times 20] [--rounds 3] [--seconds 30] [--messages 180000] [--out FILE] [bytes] [first] [keys] [cost] [memory]
import { execFileSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { launch } from '../../e2e/browser.mjs';
import { Server, until } from '../../e2e/server.mjs';
import { Machine, cpuTime } from '../sdk/load.mjs';
import { Readers, cost } from './cost.mjs';
import { Crowd, heap, reader, shows } from './crowd.mjs';
import { traced } from './trace.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string', default: '20' }, rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '30' },
    messages: { type: 'string', default: '180000' }, out: { type: 'string' },
  },
});
const parts = positionals.length > 0 ? positionals : ['bytes', 'first', 'keys', 'cost', 'memory'];
const lines = [];
const note = (name, ...values) => lines.push(`BenchmarkWeb/${name}\t1\t${values.map(([n, unit]) => `${Number(n.toFixed(3))} ${unit}`).join('\t')}`);
const nth = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const table = (head, rows) => console.log(`\n| ${head.join(' | ')} |\n|${head.map(() => '---').join('|')}|\n${rows.map((r) => `| ${r.join(' | ')} |`).join('\n')}`);
const perSecond = 50;

function header() {
  const cpu = cpus();
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const dirty = git('status', '--porcelain', '--', 'web', 'sdk', 'cmd', 'chat', 'wire', 'transport', 'store') ? '+dirty' : '';
  return `goos: linux\npkg: github.com/parley-chat/parley/bench/web\ncpu: ${cpu[0].model}\ncores: ${cpu.length}\nkernel: Linux ${release()}\nchromium: ${browser.version()}\nnode: ${process.version}\ncommit: ${git('rev-parse', '--short=12', 'HEAD')}${dirty}\n`;
}

// beside runs f, and says how busy everything else was meanwhile.
async function beside(f) {
  const machine = new Machine(server.pid, process.pid);
  await machine.begin();
  const before = await cpuTime(browser);
  const answer = await f();
  return [answer, await machine.others((await cpuTime(browser)) - before)];
}

// there waits until the page is live in its channel: what comes from then on is
// followed, and what came before would be shown from the first that is new.
const there = (page) => page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true }).waitFor();

// bytes are those of the answers to all requests until the channel is there, as
// they went over the socket.
async function bytes() {
  const { context, page, open } = await reader(browser, server.url, 'first');
  const cdp = await context.newCDPSession(page);
  const kinds = new Map(), types = new Map();
  cdp.on('Network.responseReceived', (e) => types.set(e.requestId, e.type));
  cdp.on('Network.loadingFinished', (e) => {
    const kind = types.get(e.requestId) ?? 'Other';
    const all = kinds.get(kind) ?? { n: 0, bytes: 0 };
    kinds.set(kind, { n: all.n + 1, bytes: all.bytes + e.encodedDataLength });
  });
  await cdp.send('Network.enable');
  await open();
  await page.getByRole('article').last().waitFor();
  await context.close();
  const rows = [...kinds].map(([kind, { n, bytes: b }]) => [kind.toLowerCase(), n, b]);
  rows.push(['all', rows.reduce((s, [, n]) => s + n, 0), rows.reduce((s, [, , b]) => s + b, 0)]);
  for (const [kind, n, b] of rows) note(`first-load/kind=${kind}`, [b, 'B'], [n, 'requests']);
  table(['first load', 'requests', 'bytes'], rows);
}

// sees runs in the page: `shown` is when the first message was painted, after
// the navigation began.
function sees() {
  const look = () => {
    if (!document.querySelector('[role=article], article')) requestAnimationFrame(look);
    else requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => { globalThis.shown = performance.now(); }; c.port2.postMessage(0); });
  };
  requestAnimationFrame(look);
}

async function first(times) {
  const paints = [], shown = [];
  const [, others] = await beside(async () => {
    for (let i = 0; i < times; i++) {
      const { context, page, open } = await reader(browser, server.url, 'first', sees);
      await open();
      await until('a message', () => page.evaluate(() => globalThis.shown), 60000);
      // Paint Timing's, for a trace that ends with a quick page may lack it.
      paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      shown.push(await page.evaluate(() => globalThis.shown));
      await context.close();
    }
  });
  for (const [i, t] of paints.entries()) note('first-sight', [t, 'paint-ms'], [shown[i], 'message-ms'], [others, 'other-cpu-%']);
  const row = (what, list) => [what, nth(list, 0.5).toFixed(0), nth(list, 0.95).toFixed(0), list.length, others.toFixed(0)];
  table(['cold, over loopback', 'median ms', 'p95 ms', 'times', 'everything else, % of one core'], [row('first paint', paints), row('first message', shown)]);
}

// waits runs in the page: `delays` are how long each key waited for a listener,
// `frames` until the frame after it was made.
function waits() {
  const delays = globalThis.delays = [], frames = globalThis.frames = [];
  addEventListener('keydown', (e) => {
    delays.push(performance.now() - e.timeStamp);
    requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => frames.push(performance.now() - e.timeStamp); c.port2.postMessage(0); });
  }, true);
}

// typing presses a key every 100 ms, and answers what the page noted of it.
async function typing(page, seconds) {
  const composer = page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true });
  await composer.click();
  await page.evaluate(() => { delays.length = 0; frames.length = 0; });
  const keys = [...'the quick brown fox jumps over it '];
  const begun = performance.now();
  for (let i = 0; performance.now() - begun < seconds * 1000; i++) {
    await page.keyboard.press(keys[i % keys.length] === ' ' ? 'Space' : keys[i % keys.length]);
    await new Promise((r) => setTimeout(r, Math.max(0, begun + (i + 1) * 100 - performance.now())));
  }
  await composer.fill('');
  return page.evaluate(() => ({ delays: [...delays], frames: [...frames] }));
}

async function keys(rounds, seconds) {
  const runs = { nothing: [], messages: [] };
  for (let i = 0; i < rounds; i++) {
    for (const kind of Object.keys(runs)) {
      const { context, page, open } = await reader(browser, server.url, `keys-${i}`, waits);
      await open();
      await there(page);
      const crowd = await Crowd.open(server.url);
      await crowd.talk(`keys-${i}`, perSecond, 3);
      await shows(page, crowd.last);
      let over = false;
      const talk = kind === 'messages' ? crowd.talk(`keys-${i}`, perSecond, 600, () => over) : undefined;
      const [typed, others] = await beside(async () => {
        let typed;
        const trace = await traced(browser, page, async () => { typed = await typing(page, seconds); });
        return { ...typed, long: trace.longTasks() };
      });
      over = true;
      await talk;
      runs[kind].push({ ...typed, others });
      note(`keys/while=${kind}`, ...['delays', 'frames'].flatMap((what) => [[nth(typed[what], 0.5), `${what}-p50-ms`], [nth(typed[what], 0.99), `${what}-p99-ms`], [Math.max(...typed[what]), `${what}-most-ms`]]), [typed.long, 'long-tasks'], [others, 'other-cpu-%']);
      crowd.close();
      await context.close();
    }
  }
  const middle = (list, f) => nth(list.map(f), 0.5);
  table(
    ['while typing 10 keys a second', 'delay p50 ms', 'p99', 'most', 'to the next frame p50 ms', 'p99', 'tasks over 50 ms', 'everything else, at most'],
    Object.entries(runs).map(([kind, list]) => [
      kind === 'nothing' ? 'nothing arrives' : `${perSecond} messages/s arrive`,
      ...[['delays', 0.5], ['delays', 0.99], ['delays', 1], ['frames', 0.5], ['frames', 0.99]].map(([what, share]) => middle(list, (r) => nth(r[what], share)).toFixed(1)),
      middle(list, (r) => r.long), Math.max(...list.map((r) => r.others)).toFixed(0),
    ]),
  );
}

// costs are what the page did for each message: at 50 a second, in a flood, and
// at 10 a second of which each is read by 30 people who follow the channel.
async function costs(rounds, seconds) {
  const runs = { steady: [], flood: [], read: [] };
  for (let i = 0; i < rounds; i++) {
    const channel = `cost-${i}`;
    const { context, page, open } = await reader(browser, server.url, channel);
    await open();
    await there(page);
    const crowd = await Crowd.open(server.url);
    const run = async (kind, say) => {
      let n;
      const [spent, others] = await beside(() => cost(page, async () => { n = await say(); await shows(page, crowd.last); }));
      const each = Object.fromEntries(Object.entries(spent).map(([what, ms]) => [what, ms / n]));
      runs[kind].push(each);
      note(`cost/while=${kind}`, ...Object.entries(each).map(([what, v]) => [v, `${what}${what === 'layouts' ? '' : '-ms'}/message`]), [others, 'other-cpu-%']);
    };
    await crowd.talk(channel, perSecond, 3); // until code is compiled
    await shows(page, crowd.last);
    await run('steady', () => crowd.talk(channel, perSecond, seconds));
    await run('flood', async () => { await crowd.flood(channel, 3000); return 3000; });
    const readers = await Readers.open(server.url, channel, 30);
    await run('read', () => crowd.talk(channel, 10, seconds));
    readers.close();
    crowd.close();
    await context.close();
  }
  table(
    ['a message costs, in ms', 'task', 'of it script', 'style', 'layout', 'layouts'],
    Object.entries(runs).map(([kind, list]) => [
      { steady: `at ${perSecond}/s`, flood: 'in a flood', read: 'at 10/s, read by 30 each' }[kind],
      ...['task', 'script', 'style', 'layout', 'layouts'].map((what) => nth(list.map((r) => r[what]), 0.5).toFixed(2)),
    ]),
  );
}

async function memory(messages) {
  const { context, page, open } = await reader(browser, server.url, 'hour');
  const crowd = await Crowd.open(server.url);
  await open();
  await there(page);
  await crowd.flood('hour', 1000); // what a list and its scripts take in any case
  await shows(page, crowd.last);
  const before = await heap(page);
  const rows = [[0, before.bytes, before.nodes]];
  const [, others] = await beside(async () => {
    for (let n = 0; n < messages;) {
      const some = Math.min(Math.max(2000, messages / 9), messages - n);
      await crowd.flood('hour', some);
      n += some;
      await shows(page, crowd.last);
      const now = await heap(page);
      rows.push([n, now.bytes, now.nodes]);
    }
  });
  for (const [n, b, nodes] of rows) note(`memory/messages=${n}`, [b, 'B'], [nodes, 'nodes'], [others, 'other-cpu-%']);
  table(['messages delivered', 'heap, MiB', 'DOM nodes', 'bytes a message'], rows.map(([n, b, nodes]) => [n, (b / 2 ** 20).toFixed(1), nodes, n ? ((b - before.bytes) / n).toFixed(0) : '']));
  crowd.close();
  await context.close();
}

const server = await Server.start();
const browser = await launch();
try {
  const crowd = await Crowd.open(server.url);
  await crowd.flood('first', 200);
  crowd.close();
  if (parts.includes('bytes')) await bytes();
  if (parts.includes('first')) await first(Number(flags.times));
  if (parts.includes('keys')) await keys(Number(flags.rounds), Number(flags.seconds));
  if (parts.includes('cost')) await costs(Number(flags.rounds), Number(flags.seconds));
  if (parts.includes('memory')) await memory(Number(flags.messages));
  if (flags.out) await appendFile(flags.out, `${header()}${lines.join('\n')}\n`);
} finally {
  await browser.close();
  await server.stop();
}
