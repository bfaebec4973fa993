// The figures of docs/client.md: sizes, time to the first message, and what 100
// messages a second cost a page in Chromium. Prints a table; with --out FILE it
// adds each single run to a file that benchstat reads.
//
//   make build && (cd sdk && npm ci && npm run build) && (cd e2e && npm ci)
//   node bench/sdk/figures.mjs [--rounds 3] [--seconds 20] [--times 50] [--out FILE] [--kind KIND]… [sizes] [first] [load]
import { execFileSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { launch } from '../../e2e/browser.mjs';
import { Site, bundle } from '../../e2e/sdkpage.mjs';
import { Server, until } from '../../e2e/server.mjs';
import { first } from './first.mjs';
import { Machine, Talker, cost, cpuTime } from './load.mjs';
import { sizes } from './sizes.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '20' }, times: { type: 'string', default: '50' }, out: { type: 'string' }, kind: { type: 'string', multiple: true } },
});
const parts = positionals.length > 0 ? positionals : ['sizes', 'first', 'load'];
const lines = [];
const note = (name, ...values) => lines.push(`BenchmarkSDK/${name}\t1\t${values.map(([n, unit]) => `${Number(n.toFixed(3))} ${unit}`).join('\t')}`);
const nth = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const table = (head, rows) => console.log(`\n| ${head.join(' | ')} |\n|${head.map(() => '---').join('|')}|\n${rows.map((r) => `| ${r.join(' | ')} |`).join('\n')}`);

async function header() {
  const cpu = cpus();
  const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const dirty = git('status', '--porcelain', '--', 'sdk', 'cmd', 'chat', 'wire', 'transport', 'store') ? '+dirty' : '';
  return `goos: linux\npkg: github.com/parley-chat/parley/bench/sdk\ncpu: ${cpu[0].model}\ncores: ${cpu.length}\nkernel: Linux ${release()}\nchromium: ${browser.version()}\nnode: ${process.version}\ncommit: ${git('rev-parse', '--short=12', 'HEAD')}${dirty}\n`;
}

// timeToFirst goes straight to the server, not through the site.
async function timeToFirst(n) {
  const r = await fetch(`${server.url}/v1/channels/first/messages?userId=talker`, { method: 'POST', body: JSON.stringify({ text: 'Hello' }), headers: { 'Content-Type': 'application/json' } });
  if (r.status !== 201) throw new Error(`${r.status}`);
  const position = `${await epoch('first')}:0`;
  const rows = [];
  for (const transport of ['websocket', 'polling']) {
    const context = await browser.newContext();
    const page = await site.page(context);
    const machine = new Machine(server.pid, process.pid);
    await machine.begin();
    const before = await cpuTime(browser);
    const times = await first(page, { url: server.url, userId: 'reader', transport, channel: 'first', position }, n);
    const others = await machine.others((await cpuTime(browser)) - before);
    for (const t of times) note(`first-message/transport=${transport}`, [t, 'ms'], [others, 'other-cpu-%']);
    rows.push([transport, nth(times, 0.5).toFixed(1), nth(times, 0.95).toFixed(1), times.length, others.toFixed(0)]);
    await context.close();
  }
  table(['`new Client` to first message', 'median ms', 'p95 ms', 'times', 'everything else, % of one core'], rows);
}

// epoch is the log's, of a channel.
async function epoch(channel) {
  const r = await fetch(`${server.url}/v1/channels/${channel}/events?userId=talker&after=0`);
  return (await r.json()).head.split(':')[0];
}

async function load(rounds, seconds) {
  const kinds = flags.kind ?? Object.keys(begins);
  const runs = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (let i = 0; i < rounds; i++) for (const kind of kinds) runs[kind].push(await loaded(kind, `load-${kind}-${i}`, seconds));
  const percent = (kind, what) => nth(runs[kind].map((r) => (r[what] / r.wall) * 100), 0.5).toFixed(1);
  const whats = ['script', 'layout', 'task', 'process', 'browser'];
  table(
    ['in % of one core', 'script', 'layout and style', 'main thread', "page's process", 'whole browser', 'everything else, at most'],
    kinds.map((kind) => [kind, ...whats.map((what) => percent(kind, what)), Math.max(...runs[kind].map((r) => r.others)).toFixed(0)]),
  );
}

// loaded is one run: a page of its own, to whose channel 100 messages a second
// are said.
async function loaded(kind, channel, seconds) {
  const context = await browser.newContext();
  const page = await site.page(context);
  const talker = await Talker.open(server.url);
  const pageBegins = begins[kind];
  await page.evaluate(pageBegins, [server.url, channel]);
  if (kind !== 'nothing') await until('a live channel', () => page.evaluate(() => globalThis.live));
  const machine = new Machine(server.pid, process.pid);
  await machine.begin();
  const spent = await cost(browser, page, talker, channel, seconds);
  const others = await machine.others(spent.browser);
  if (kind !== 'nothing') await until('all messages', () => page.evaluate((n) => globalThis.count() === n, spent.sent));
  talker.close();
  await context.close();
  note(`page-at-100-per-second/kind=${kind}`, ...['script', 'layout', 'task', 'process', 'browser'].map((what) => [(spent[what] / spent.wall) * 100, `${what}-%`]), [others, 'other-cpu-%']);
  return { ...spent, others };
}

// What each kind of page does, in the page.
const begins = {
  nothing() {},
  // The least that a page can do: a WebSocket, and JSON.parse.
  floor([url, channel]) {
    let n = 0;
    globalThis.count = () => n;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, 'parley.v1.json');
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'connect', userId: 'reader' }));
      socket.send(JSON.stringify({ type: 'subscribe', channelId: channel }));
    };
    socket.onmessage = (e) => {
      const frame = JSON.parse(e.data);
      if (frame.type === 'message') n++;
      if (frame.type === 'level') globalThis.live = true;
    };
  },
  async client([url, channel]) {
    const { Client } = await import('/sdk/client/index.js');
    let n = 0;
    globalThis.count = () => n;
    const client = new Client({ url, userId: 'reader' });
    client.on('message', () => { n++; });
    client.on('level', () => { globalThis.live = true; });
    await client.joinChannel(channel);
  },
  // The same with a list of the newest 50, without any framework.
  rows([url, channel]) {
    let last = 0;
    globalThis.count = () => last;
    const list = document.querySelector('#root').appendChild(document.createElement('ol'));
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, 'parley.v1.json');
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'connect', userId: 'reader' }));
      socket.send(JSON.stringify({ type: 'subscribe', channelId: channel }));
    };
    const part = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    socket.onmessage = (e) => {
      const frame = JSON.parse(e.data);
      if (frame.type === 'level') globalThis.live = true;
      if (frame.type !== 'message') return;
      const row = document.createElement('li');
      row.append(part('b', frame.senderId), ' ', part('time', frame.createdAt), ' ', part('span', frame.text));
      list.append(row);
      if (list.children.length > 50) list.firstChild.remove();
      last = frame.seq;
    };
  },
  // A React list of the newest 50, by @parley/react: see list.jsx.
  async list([url, channel]) {
    const { show } = await import('/list.js');
    await show(document.querySelector('#root'), url, channel);
  },
};

if (parts.includes('sizes')) {
  const rows = sizes();
  for (const r of rows) note(`size/entry=${r.name.replaceAll(/[^\w@/.]+/g, '_')}`, [r.first, 'B'], [r.later, 'later-B']);
  table(['entry', 'gzipped bytes', 'and when needed'], rows.map((r) => [r.name, r.first, r.later]));
}
const server = await Server.start();
const files = { '/list.js': await bundle(fileURLToPath(new URL('list.jsx', import.meta.url)), { minify: true }) };
const site = await Site.start(server, { files });
const browser = await launch();
try {
  if (parts.includes('first')) await timeToFirst(Number(flags.times));
  if (parts.includes('load')) await load(Number(flags.rounds), Number(flags.seconds));
  if (flags.out) await appendFile(flags.out, `${await header()}${lines.join('\n')}\n`);
} finally {
  await browser.close();
  await site.close();
  await server.stop();
}
