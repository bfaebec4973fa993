// Chromium's own EventSource, which knows nothing of Parley.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { Server, until } from './server.mjs';

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

async function post(channel, text) {
  const r = await fetch(`${server.url}/v1/channels/${channel}/messages?userId=ada`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
  });
  assert.equal(r.status, 201);
}

test('an EventSource hears two channels, and after kill -9 goes on by itself, with nothing lost or doubled', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url + '/openapi.json'); // of the server's origin, and without scripts
  await page.evaluate(() => {
    const w = window;
    w.got = []; w.clients = []; w.opened = 0; w.signals = [];
    w.source = new EventSource('/events?channel=red&channel=blue');
    w.source.onopen = () => { w.opened++; };
    w.source.onmessage = (e) => {
      const m = JSON.parse(e.data);
      if (m.type === 'connected') w.clients.push(m.clientId);
      else w.got.push({ channel: m.channelId, text: m.text, seq: m.seq, id: e.lastEventId });
    };
    w.source.addEventListener('custom-event', (e) => w.signals.push(JSON.parse(e.data)));
  });
  const got = () => page.evaluate(() => window.got);
  const clients = () => page.evaluate(() => window.clients);
  await until('the stream', async () => (await clients()).length === 1);

  await post('red', 'one');
  await post('blue', 'two\r\n\u2028data: x');
  await until('two messages', async () => (await got()).length === 2);
  assert.deepEqual((await got()).map((m) => [m.channel, m.text]), [['red', 'one'], ['blue', 'two\r\n\u2028data: x']]);

  const [client] = await clients();
  const signal = (body) => fetch(`${server.url}/v1/signals?userId=ada`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal((await signal({ type: 'custom-event', clientId: client, data: { value: 7 } })).status, 204);
  await until('the signal', () => page.evaluate(() => window.signals[0]?.value === 7));

  await server.kill();
  await until('the end of the stream', () => page.evaluate(() => window.source.readyState === EventSource.CONNECTING));
  await server.run();
  await Promise.all(['three', 'four', 'five'].map((text) => post('red', text)));
  await post('blue', 'six');
  await until('everything', async () => (await got()).length >= 6, 30000);
  await post('red', 'last');
  await until('the last', async () => (await got()).some((m) => m.text === 'last'), 30000);
  const all = await got();
  for (const channel of ['red', 'blue']) {
    const log = await server.messages(channel);
    assert.deepEqual(all.filter((m) => m.channel === channel).map((m) => [m.seq, m.text]), log.map((m) => [m.seq, m.text]));
  }
  assert.equal(await page.evaluate(() => window.opened), 2);
  assert.notEqual((await clients())[1], client);
  await page.context().close();
});
