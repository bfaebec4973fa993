// What @parley/client has not been able to send outlives its page, its tab and
// its browser; and the tabs of a user share it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { kept as keptHere, launch } from './browser.mjs';
import { Site } from './sdkpage.mjs';
import { User } from './sdkuser.mjs';
import { Server, until } from './server.mjs';

let server, site, browser;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
  site = await Site.start(server);
});
after(async () => {
  await browser?.close();
  await site?.close();
  await server?.stop();
});

// open is one of the user's tabs; `spoil` runs in the page before the client is
// made. It hears of everything from the first on.
async function open(where, context, options, channels = [], spoil = () => {}) {
  const u = new User();
  u.page = await where.page(context);
  await u.page.evaluate(spoil);
  await u.page.evaluate(begin, [options, channels]);
  return u;
}

// begin runs in the page.
async function begin([options, channels]) {
  const { Client } = await import('/sdk/client/index.js');
  Object.assign(globalThis, { got: [], seen: [], stored: [], failed: [], statuses: [], errors: [], states: [] });
  globalThis.client = new Client({ rate: 0, backoff: { base: 20, cap: 200 }, ...options });
  client.on('message', (m) => got.push([m.seq, m.senderId, m.text]));
  client.on('read', (e) => seen.push(['read', e]));
  client.on('status', (s) => statuses.push([s.status, s.draft?.text ?? s.message?.text]));
  client.on('error', (e) => errors.push(e.code));
  client.on('connection', (e) => states.push(e.state));
  await Promise.all(channels.map((c) => client.joinChannel(c)));
}

// send begins to send the texts, in order, and waits for none.
const send = (user, channel, texts) => user.do(([channel, texts]) => {
  for (const text of texts) client.sendMessage(channel, text).then((m) => { stored.push([m.seq, text]); }, (e) => { failed.push([text, e.code]); });
}, [channel, texts]);

const kept = (user) => user.do(keptHere);
const pending = (user, channel) => user.do((channel) => client.waiting(channel).map((p) => p.draft.text), channel);
const offline = (user) => user.until('the bad news', () => client.connectionState === 'reconnecting');
const texts = async (channel, of = server) => (await of.messages(channel)).map((m) => m.text);
const numbered = (name, n) => Array.from({ length: n }, (_, i) => `${name} ${i}`);

async function arrived(channel, n) {
  await until(`${n} messages`, async () => (await texts(channel).catch(() => [])).length >= n, 60000);
  return texts(channel);
}

test('what was not sent when the tab was closed is shown by the next, and arrives once and in order', async () => {
  const context = await browser.newContext();
  const one = await open(site, context, { userId: 'ada' }, ['closed']);
  await server.kill();
  await offline(one);
  const said = numbered('line', 5);
  await send(one, 'closed', said);
  await until('all of it written down', async () => await kept(one) === 5);
  await one.close();

  const next = await open(site, context, { userId: 'ada' });
  await until('what was left', async () => (await pending(next, 'closed')).length === 5);
  assert.deepEqual(await pending(next, 'closed'), said);
  assert.deepEqual(await pending(next, 'another'), []);
  await send(next, 'closed', ['and this']);
  await server.run();
  assert.deepEqual(await arrived('closed', 6), [...said, 'and this']);
  await next.until('an empty queue', () => client.queued === 0);
  await until('an empty database', async () => await kept(next) === 0);
  const statuses = await next.do(() => statuses);
  for (const text of said) assert.deepEqual(statuses.filter(([, t]) => t === text).map(([s]) => s), ['sending', 'sent'], text);
  assert.deepEqual(statuses.filter(([s]) => s === 'sent').map(([, t]) => t), [...said, 'and this']);
  assert.deepEqual(await next.do(() => errors), []);
  await context.close();
});

test('what was not sent when the browser was killed arrives once and in order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-profile-'));
  try {
    const first = await Chromium.start(folder);
    const one = await open(site, first.context, { userId: 'ada' }, ['killed']);
    await server.kill();
    await offline(one);
    const said = numbered('line', 5);
    await send(one, 'killed', said);
    await until('all of it written down', async () => await kept(one) === 5);
    await first.kill();
    await server.run();
    const second = await Chromium.start(folder);
    try {
      await open(site, second.context, { userId: 'ada' });
      assert.deepEqual(await arrived('killed', 5), said);
    } finally {
      await second.kill();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
});

test('two tabs of one user stay in step', async () => {
  const context = await browser.newContext();
  const [one, two] = await Promise.all([open(site, context, { userId: 'ada' }, ['step']), open(site, context, { userId: 'ada' }, ['step'])]);
  await Promise.all([send(one, 'step', numbered('one', 20)), send(two, 'step', numbered('two', 20))]);
  const log = await arrived('step', 40);
  for (const u of [one, two]) {
    await u.until('all of them', () => got.length === 40 && stored.length === 20 && client.queued === 0);
    assert.deepEqual((await u.got()).map(([, , text]) => text), log);
    assert.deepEqual(await u.do(() => failed), []);
  }
  assert.deepEqual(log.filter((t) => t.startsWith('one')), numbered('one', 20));
  assert.deepEqual(log.filter((t) => t.startsWith('two')), numbered('two', 20));
  await one.do(async () => {
    const { messages } = await client.getHistory('step', { limit: 1 });
    await client.ackRead('step', messages[0].id);
  });
  await until('the other tab to know what was read', async () => (await two.seen('read')).some((r) => r.userId === 'ada' && r.seq === 40));
  await context.close();
});

test('two tabs that were both offline send all of theirs once, each in its order, and each is told of its own', async () => {
  const context = await browser.newContext();
  const [one, two] = await Promise.all([open(site, context, { userId: 'ada' }, ['both']), open(site, context, { userId: 'ada' }, ['both'])]);
  await server.kill();
  await Promise.all([offline(one), offline(two)]);
  for (let i = 0; i < 10; i++) {
    await send(one, 'both', [`one ${i}`]);
    await send(two, 'both', [`two ${i}`]);
  }
  for (const u of [one, two]) await u.until('what both wait for', () => client.waiting('both').length === 20);
  await server.run();
  const log = await arrived('both', 20);
  assert.equal(log.length, 20);
  for (const [u, name] of [[one, 'one'], [two, 'two']]) {
    await u.until('its own answers', () => stored.length === 10 && client.queued === 0);
    assert.deepEqual(log.filter((t) => t.startsWith(name)), numbered(name, 10));
    assert.deepEqual((await u.do(() => stored)).map(([, t]) => t), numbered(name, 10));
  }
  await until('an empty database', async () => await kept(one) === 0);
  await context.close();
});

test('what a tab could not send before it was closed is sent by another that is open', async () => {
  const context = await browser.newContext();
  const [one, two] = await Promise.all([open(site, context, { userId: 'ada' }, ['heir']), open(site, context, { userId: 'ada' }, ['heir'])]);
  await server.kill();
  await Promise.all([offline(one), offline(two)]);
  await send(one, 'heir', numbered('one', 5));
  await until('all of it written down', async () => await kept(two) === 5);
  await one.close();
  await server.run();
  assert.deepEqual(await arrived('heir', 5), numbered('one', 5));
  await context.close();
});

test('a tab that crashes in its turn is followed by another', async () => {
  const context = await browser.newContext();
  const one = await open(site, context, { userId: 'ada' }, ['crash']);
  const two = await open(site, context, { userId: 'ada', pingEvery: 500 }, ['crash']);
  await send(one, 'crash', ['before']);
  await one.until('it to be stored', () => stored.length === 1);
  site.silence(); // the first does not notice for 20 s, and keeps its turn
  await send(one, 'crash', numbered('one', 5));
  await until('all of it written down', async () => await kept(two) === 5);
  await two.until('another connection', () => states.includes('reconnecting') && client.isConnected);
  await send(two, 'crash', ['two']);
  assert.deepEqual(await texts('crash'), ['before']);
  await one.page.goto('chrome://crash').catch(() => {}); // which never answers
  assert.deepEqual(await arrived('crash', 7), ['before', ...numbered('one', 5), 'two']);
  await two.until('its own answer', () => stored.length === 1 && client.queued === 0);
  await context.close();
});

test('what one user left is never sent as another', async () => {
  const strict = await Server.start('--log', 'text');
  const place = await Site.start(strict);
  const context = await browser.newContext();
  try {
    const [ada, bob] = await Promise.all([strict.token('ada'), strict.token('bob')]);
    const one = await open(place, context, { token: ada }, ['whose']);
    await strict.kill();
    await offline(one);
    await send(one, 'whose', ['from ada']);
    await until('it written down', async () => await kept(one) === 1);
    await one.close();
    await strict.run();
    const other = await open(place, context, { token: bob }, ['whose']);
    await send(other, 'whose', ['from bob']);
    await other.until('it to be stored', () => stored.length === 1);
    assert.deepEqual(await pending(other), []);
    const again = await open(place, context, { token: ada });
    await again.until('it to be sent', () => statuses.some(([s]) => s === 'sent'));
    const log = await again.do(async () => (await client.getHistory('whose')).map((m) => [m.senderId, m.text]));
    assert.deepEqual(log, [['bob', 'from bob'], ['ada', 'from ada']]);
  } finally {
    await context.close();
    await place.close();
    await strict.stop();
  }
});

test('where nothing can be written down it is said, and sent all the same', async () => {
  const context = await browser.newContext();
  const full = await open(site, context, { userId: 'ada' }, ['full']);
  const cdp = await context.newCDPSession(full.page);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 1 });
  await send(full, 'full', numbered('line', 3));
  await full.until('them', () => stored.length === 3);
  assert.deepEqual(await texts('full'), numbered('line', 3));
  await full.until('to hear of it', () => errors.length > 0);
  assert.deepEqual(await full.do(() => errors), ['not_kept']);
  await context.close();

  const other = await browser.newContext();
  const broken = await open(site, other, { userId: 'ada' }, [], () => {
    Object.defineProperty(IDBFactory.prototype, 'open', { value: () => { throw new DOMException('no', 'SecurityError'); } });
  });
  await send(broken, 'broken', numbered('line', 3));
  await broken.until('them', () => stored.length === 3);
  assert.deepEqual(await texts('broken'), numbered('line', 3));
  assert.deepEqual(await broken.do(() => errors), ['not_kept']);
  await other.close();
});

test('maxQueue holds for all tabs together', async () => {
  const context = await browser.newContext();
  const options = { userId: 'ada', maxQueue: 3 };
  const [one, two] = await Promise.all([open(site, context, options, ['most']), open(site, context, options, ['most'])]);
  await server.kill();
  await Promise.all([offline(one), offline(two)]);
  await Promise.all([send(one, 'most', numbered('one', 2)), send(two, 'most', numbered('two', 2))]);
  await until('one refusal', async () => [...await one.do(() => failed), ...await two.do(() => failed)].length === 1);
  assert.deepEqual([...await one.do(() => failed), ...await two.do(() => failed)].map(([, code]) => code), ['queue_full']);
  await server.run();
  assert.equal((await arrived('most', 3)).length, 3);
  await context.close();
});

// Chromium is a browser with a folder of its own, which can be killed.
class Chromium {
  #process;

  static async start(folder) {
    const c = new Chromium();
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${folder}`];
    c.#process = spawn('/usr/bin/chromium', [...args, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    const address = await new Promise((resolve, reject) => {
      c.#process.once('exit', (code) => reject(new Error(`the browser ended (${code})`)));
      createInterface({ input: c.#process.stderr }).on('line', (line) => {
        const found = line.match(/DevTools listening on (ws:\S+)/);
        if (found) resolve(found[1]);
      });
    });
    const connected = await chromium.connectOverCDP(address);
    c.context = connected.contexts()[0];
    return c;
  }

  // kill ends it and all of its processes, with no time to say goodbye.
  async kill() {
    const ended = once(this.#process, 'exit');
    process.kill(-this.#process.pid, 'SIGKILL');
    await ended;
  }
}
