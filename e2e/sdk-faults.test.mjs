// @parley/client in Chromium, while what is between it and the server breaks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { User, rows } from './sdkuser.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

// withSite gives f a site, what makes contexts, and what makes bob write: all
// its own, and ended with it.
async function withSite(f) {
  const site = await Site.start(server);
  const contexts = [], writers = [];
  const context = async () => {
    contexts.push(await browser.newContext());
    return contexts.at(-1);
  };
  const bob = (channel, every) => {
    writers.push(new Writer(channel, every));
    return writers.at(-1);
  };
  try {
    await f(site, context, bob);
    assert.deepEqual(site.errors, []);
  } finally {
    for (const w of writers) await w.stop();
    for (const c of contexts) await c.close();
    await site.close();
  }
}

// Writer writes over REST as bob, one message each so many milliseconds, until
// it is stopped.
class Writer {
  count = 0;
  #stopped = false;
  #done;

  constructor(channel, every) { this.#done = this.#write(channel, every); }

  async #write(channel, every) {
    while (!this.#stopped) {
      const r = await fetch(`${server.url}/v1/channels/${channel}/messages?userId=bob`, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: `bob ${this.count}` }),
      });
      assert.equal(r.status, 201);
      this.count++;
      await new Promise((done) => setTimeout(done, every));
    }
  }

  // more waits until there are some more.
  more() {
    const from = this.count;
    return until('some more of bob', () => this.count > from + 5);
  }

  stop() {
    this.#stopped = true;
    return this.#done;
  }
}

// said are the texts of one sender, as they were written.
const said = (name, n) => Array.from({ length: n }, (_, i) => `${name} ${i}`);

// agree waits until each user was told of as much as the channel holds, and
// fails unless that is the channel's log.
async function agree(channel, ...users) {
  const log = rows(await server.messages(channel));
  assert.deepEqual(log.map(([seq]) => seq), log.map((_, i) => i + 1));
  for (const user of users) {
    await user.until('all of it', (n) => got.length >= n, log.length);
    assert.deepEqual(await user.got(), log);
    assert.deepEqual(await user.do(() => failed), []);
  }
  return log;
}

test('cut by RST fifty times while both write, two pages agree with the log', () => withSite(async (site, context) => {
  // So many cuts before anything was said would make them poll.
  const [ada, eve] = [
    await User.open(site, await context(), { userId: 'ada', transport: 'websocket' }, ['rst']),
    await User.open(site, await context(), { userId: 'eve', transport: 'websocket' }, ['rst']),
  ];
  await ada.talk('rst', 'ada', 150, 20);
  await eve.talk('rst', 'eve', 150, 20);
  for (let i = 0; i < 50; i++) {
    const before = site.passed;
    site.cut();
    await until('a connection', () => site.passed > before && site.open > 0);
    await new Promise((done) => setTimeout(done, Math.random() * 60)); // anywhere between connecting and talking
  }
  for (const u of [ada, eve]) await u.until('all to be stored', () => stored.length === 150);
  const log = await agree('rst', ada, eve);
  for (const name of ['ada', 'eve']) assert.deepEqual(log.filter(([, who]) => who === name).map(([, , text]) => text), said(name, 150));
}));

test('kill -9 of the server, three times while both write: no reload, and two pages agree with the log', () => withSite(async (site, context) => {
  const ada = await User.open(site, await context(), { userId: 'ada' }, ['killed']);
  const eve = await User.open(site, await context(), { userId: 'eve' }, ['killed']);
  for (const u of [ada, eve]) await u.do(() => { globalThis.mark = 'the same page'; });
  await ada.talk('killed', 'ada', 200, 15);
  await eve.talk('killed', 'eve', 200, 15);
  for (const most of [40, 80, 120]) {
    await ada.until('some to be stored', (n) => stored.length >= n, most);
    await server.kill();
    await ada.until('the loss to be noticed', () => !client.isConnected);
    await server.run();
    for (const u of [ada, eve]) await u.until('to be back', () => client.isConnected);
  }
  for (const u of [ada, eve]) await u.until('all to be stored', () => stored.length === 200);
  const log = await agree('killed', ada, eve);
  for (const [name, u] of [['ada', ada], ['eve', eve]]) {
    assert.deepEqual(log.filter(([, who]) => who === name).map(([, , text]) => text), said(name, 200));
    // What was answered to the sender is what everybody sees.
    const stored = await u.do(() => globalThis.stored);
    assert.deepEqual(stored, log.filter(([, who]) => who === name).map(([seq, , text]) => [seq, text]));
    assert.equal(await u.do(() => globalThis.mark), 'the same page');
  }
}));

test('where WebSockets are refused it polls, and comes back to one when they pass, without a seam', () => withSite(async (site, context, bob) => {
  site.sockets = 'refuse';
  const ada = await User.open(site, await context(), { userId: 'ada', retrySocket: 200 }, ['refused']);
  assert.equal(site.passed, 0);
  const writer = bob('refused', 20);
  await ada.talk('refused', 'ada', 40, 10);
  await ada.until('all to be stored', () => stored.length === 40);
  assert.equal(site.passed, 0);
  assert.ok(site.asked.some((path) => path.startsWith('/v1/poll')));

  site.sockets = 'pass'; // while both write
  await ada.talk('refused', 'ada again', 40, 20);
  await until('a WebSocket', () => site.passed >= 2 && site.open === 1); // one to try, one to stay
  await ada.until('all to be stored', () => stored.length === 80);
  await writer.more();

  site.sockets = 'refuse'; // and back again
  site.cut();
  const polls = site.asked.length;
  await until('polls', () => site.asked.slice(polls).some((path) => path.startsWith('/v1/poll')));
  await writer.more();
  await writer.stop();
  const log = await agree('refused', ada);
  assert.deepEqual(log.filter(([, who]) => who === 'ada').map(([, , text]) => text), [...said('ada', 40), ...said('ada again', 40)]);
}));

test('without any network for a while, its own files included, the page comes back, and to a WebSocket', () => withSite(async (site, context, bob) => {
  const ada = await User.open(site, await context(), { userId: 'ada', retrySocket: 200 }, ['offline']);
  await ada.do(() => client.sendMessage('offline', 'before'));
  site.down = 'all';
  site.cut();
  await ada.talk('offline', 'ada', 5, 10);
  const writer = bob('offline', 50);
  await ada.until('many attempts', () => seen.filter(([n, e]) => n === 'connection' && e.state !== 'connected').length >= 8);
  site.down = '';
  await ada.until('what it wrote to be stored', () => stored.length === 5);
  await until('a WebSocket', () => site.open === 1);
  await ada.until('to be connected', () => client.isConnected);
  await writer.stop();
  const log = await agree('offline', ada);
  assert.deepEqual(log.filter(([, who]) => who === 'ada').map(([, , text]) => text), ['before', ...said('ada', 5)]);
}));

test('where polls fail too, a WebSocket is tried again', () => withSite(async (site, context) => {
  const ada = await User.open(site, await context(), { userId: 'ada' }, ['either']);
  site.down = 'all';
  site.cut();
  await ada.until('many attempts', () => seen.filter(([n, e]) => n === 'connection' && e.state !== 'connected').length >= 8);
  const before = site.passed;
  site.down = 'requests';
  await until('a WebSocket', () => site.passed > before && site.open === 1);
  await ada.do(() => client.sendMessage('either', 'here'));
  await agree('either', ada);
}));

test('a connection that is half-open is given up, and resumed on another', () => withSite(async (site, context, bob) => {
  const ada = await User.open(site, await context(), { userId: 'ada', pingEvery: 3000 }, ['silent']);
  await ada.do(() => client.sendMessage('silent', 'before'));
  site.silence();
  const writer = bob('silent', 100);
  await ada.talk('silent', 'ada', 3, 10);
  await ada.until('a new connection', () => seen.filter(([n, e]) => n === 'connection' && e.state === 'connected').length === 2, null, 90000);
  assert.ok(site.passed >= 2);
  await ada.until('what it wrote to be stored', () => stored.length === 3);
  await writer.stop();
  const log = await agree('silent', ada);
  assert.deepEqual(log.filter(([, who]) => who === 'ada').map(([, , text]) => text), ['before', ...said('ada', 3)]);
  assert.deepEqual((await ada.seen('connection')).find((e) => e.state === 'reconnecting').code, 'timeout');
}));

test('WebSockets that are never answered are given up for polling', () => withSite(async (site, context) => {
  site.sockets = 'mute';
  const ada = await User.open(site, await context(), { userId: 'ada', connectWithin: 3000 });
  await ada.until('to be connected', () => client.isConnected, null, 90000);
  assert.equal(site.passed, 0);
  await ada.do(() => client.joinChannel('mute'));
  await ada.talk('mute', 'ada', 5, 10);
  await ada.until('all to be stored', () => stored.length === 5);
  await agree('mute', ada);
}));
