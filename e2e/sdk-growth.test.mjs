// What a client leaves behind after 1,000 connections.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

let server, site, browser, writing = true;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
  site = await Site.start(server);
});
after(async () => {
  writing = false;
  await browser?.close();
  await site?.close();
  await server?.stop();
});

// countTimers runs in the page before any script of it: `timers` are those that
// are set and have not gone off, once or again and again.
function countTimers() {
  const { setTimeout: set, clearTimeout: clear, setInterval: every, clearInterval: never } = globalThis;
  const timers = globalThis.timers = new Set();
  globalThis.setTimeout = (f, ...rest) => {
    const id = set((...args) => { timers.delete(id); f(...args); }, ...rest);
    timers.add(id);
    return id;
  };
  globalThis.setInterval = (...args) => {
    const id = every(...args);
    timers.add(id);
    return id;
  };
  globalThis.clearTimeout = globalThis.clearInterval = (id) => { timers.delete(id); clear(id); never(id); };
}

// begin runs in the page: a client with all that one usually has, and
// reconnect(n), which breaks its connection n times, each time at another
// moment. What comes is counted, not kept, so that it does not grow itself.
async function begin() {
  const { Client } = await import('/sdk/client/index.js');
  const count = globalThis.count = { ready: 0, closed: 0, messages: 0, wrong: [], states: 0, sent: 0, read: 0, failed: [] };
  let socket;
  const client = globalThis.client = new Client({
    userId: 'ada', rate: 0, backoff: { base: 1, cap: 1 },
    openSocket: (url, protocol) => { socket = new WebSocket(url, protocol); return socket; },
  });
  for (const name of ['presence', 'typing', 'read', 'delivered', 'level', 'signal', 'status', 'connection', 'event']) client.on(name, () => {});
  client.on('ready', () => { count.ready++; });
  client.on('status', (s) => { if (s.status === 'read') count.read++; });
  client.on('message', (m) => {
    if (m.channelId !== 'grow') return;
    if (m.seq !== count.messages + 1) count.wrong.push([count.messages, m.seq]);
    count.messages = m.seq;
  });
  client.setPresence({ status: 'online', custom: 'here' });
  await Promise.all(['grow', 'b', 'c', 'd', 'e'].map((c) => client.joinChannel(c)));
  client.state('b').subscribe(() => { count.states++; });

  globalThis.reconnect = async (n) => {
    for (let i = 0; i < n; i++) {
      const before = count.ready;
      if (i % 4 === 0) {
        const left = client.sendMessage('c', `${i}`).then(() => { count.sent++; }, (e) => { count.failed.push(e.code); });
        if (i % 8 === 0) await left;
      }
      if (i % 10 === 0) void client.getHistory('b', { limit: 1 }).catch((e) => count.failed.push(e.code));
      if (i % 3 === 0) await new Promise((done) => setTimeout(done, i % 7));
      socket.close();
      const again = performance.now() + 20000;
      while (count.ready === before) {
        if (performance.now() > again) throw new Error(`connection ${i} did not come`);
        await new Promise((done) => setTimeout(done, 0));
      }
    }
  };
}

// measure is what the page holds after its garbage was collected, and what the
// server has open.
async function measure(cdp, page) {
  for (let i = 0; i < 4; i++) await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { jsEventListeners, documents } = await cdp.send('Memory.getDOMCounters');
  const alive = {};
  for (const kind of ['WebSocket', 'Promise', 'Map', 'AbortSignal', 'BroadcastChannel']) alive[kind] = await instances(cdp, kind);
  return { heap: usedSize, listeners: jsEventListeners, documents, ...alive, timers: await page.evaluate(() => timers.size) };
}

// instances is how many objects of a kind can still be reached.
async function instances(cdp, kind) {
  const objectGroup = 'counted';
  const { result } = await cdp.send('Runtime.evaluate', { expression: `${kind}.prototype`, objectGroup });
  const { objects } = await cdp.send('Runtime.queryObjects', { prototypeObjectId: result.objectId, objectGroup });
  const { result: n } = await cdp.send('Runtime.callFunctionOn', { objectId: objects.objectId, functionDeclaration: 'function () { return this.length; }', returnByValue: true });
  await cdp.send('Runtime.releaseObjectGroup', { objectGroup });
  return n.value;
}

// ask does something in a channel, as bob.
async function ask(method, path, body) {
  const r = await fetch(`${server.url}/v1/channels/${path}?userId=bob`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status}`);
}

// figure is one of the server's figures.
async function figure(name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? 0);
}

const open = async () => ({
  sockets: await figure('parley_ws_connections{door="native"}'),
  sessions: await figure('parley_sessions'),
  descriptors: await figure('process_open_fds'),
  goroutines: await figure('go_goroutines'),
});

test('after 1,000 reconnections nothing has grown, and nothing was lost or doubled', async (t) => {
  const context = await browser.newContext();
  await context.addInitScript(countTimers);
  const page = await site.page(context);
  const cdp = await context.newCDPSession(page);
  page.setDefaultTimeout(300000);

  // What is unread of what the page wrote is kept for its status: bob reads it.
  const settled = async () => {
    await until('quiet', () => page.evaluate(() => client.isConnected && client.queued === 0));
    const { length } = await server.messages('c');
    await ask('PUT', 'c/cursors/bob', { read: length });
    await until('all to be read', () => page.evaluate((n) => count.read === n, length));
    await until('one socket', async () => (await figure('parley_ws_connections{door="native"}')) === 1);
  };
  await page.evaluate(begin);

  // Somebody else writes all the while.
  let written = 0;
  const writer = (async () => {
    while (writing) {
      await ask('POST', 'grow/messages', { text: `${written}` });
      written++;
      await new Promise((done) => setTimeout(done, 50));
    }
  })();

  await page.evaluate(() => reconnect(400)); // code is compiled, caches are full
  await settled();
  const [pageBefore, serverBefore] = [await measure(cdp, page), await open()];
  await page.evaluate(() => reconnect(1000));
  await settled();
  const [pageAfter, serverAfter] = [await measure(cdp, page), await open()];
  writing = false;
  await writer;

  const grew = `${JSON.stringify(pageBefore)} became ${JSON.stringify(pageAfter)}`;
  t.diagnostic(grew);
  // 1,000 of anything would show. What is left is what the moment holds: a
  // timer that waits, a promise that is not kept yet.
  for (const kind of ['listeners', 'Promise', 'Map', 'AbortSignal', 'timers']) assert.ok(pageAfter[kind] <= pageBefore[kind] + 20, `${kind}: ${grew}`);
  assert.ok(pageAfter.WebSocket <= 2, `sockets: ${grew}`);
  assert.equal(pageAfter.documents, pageBefore.documents, grew);
  assert.equal(pageAfter.BroadcastChannel, pageBefore.BroadcastChannel, grew);
  // What a connection is made of, its closures and timers, is over 300 bytes;
  // below that lie code that was compiled and tables that grew.
  assert.ok(pageAfter.heap - pageBefore.heap < 300 * 1000, `heap: ${grew}`);
  const held = `${JSON.stringify(serverBefore)} became ${JSON.stringify(serverAfter)}`;
  t.diagnostic(held);
  assert.equal(serverAfter.sockets, 1, held);
  assert.equal(serverAfter.sessions, serverBefore.sessions, held);
  for (const kind of ['descriptors', 'goroutines']) assert.ok(serverAfter[kind] <= serverBefore[kind] + 20, `${kind}: ${held}`);

  await page.waitForFunction((n) => count.messages === n, written);
  const count = await page.evaluate(() => globalThis.count);
  assert.deepEqual([count.wrong, count.failed], [[], []]);
  assert.equal(count.sent, 350);
  assert.deepEqual((await server.messages('c')).length, 350);
  assert.ok(count.ready >= 1401, `${count.ready} connections`);
  assert.deepEqual(site.errors, []);
  await context.close();
});
