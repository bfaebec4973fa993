// What the page must withstand, and how it must look.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { Tab, launch } from './browser.mjs';
import { Server, until } from './server.mjs';

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

// post sends messages over a plain socket, in order, as anybody.
async function post(channel, texts, user = 'eve', name = '') {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/v1/ws?userId=${encodeURIComponent(user)}&userName=${encodeURIComponent(name)}`, 'parley.v1.json');
  let acks = 0;
  ws.on('message', (data) => {
    const f = JSON.parse(data);
    if (f.type === 'ack') acks++;
    if (f.type === 'error') throw new Error(String(data));
  });
  await once(ws, 'open');
  texts.forEach((text, i) => ws.send(JSON.stringify({ type: 'publish', ref: i, channelId: channel, nonce: `${channel}-${user}-${i}`, text })));
  await until('acks', () => acks === texts.length);
  ws.close();
}

const attacks = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked=1">',
  '<svg onload=window.hacked=1>',
  '"><iframe srcdoc="<script>parent.hacked=1</script>">',
  '<a href="javascript:window.hacked=1">click</a>',
  'javascript:window.hacked=1',
  'data:text/html,<script>opener.hacked=1</script>',
  'https://example.org/"onmouseover="window.hacked=1',
  "https://example.org/'><img src=x onerror=window.hacked=1>",
  '<style>*{display:none}</style><base href="https://evil.example/">',
  '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '</textarea></ol></main><form action=https://evil.example><input name=q>',
  '{{constructor.constructor("window.hacked=1")()}} ${window.hacked=1}',
  '&lt;b&gt;not bold&lt;/b&gt; &#60;script&#62;',
  '\u202Egnp.exe\u202C \u0000 \uFFFE \u{E0001}',
  'http://[bad http://user:pw@host:99999/ https:// mailto:',
];

test('what others write is shown as text, and nothing else', async () => {
  await post('attacks', attacks.slice(0, 8), 'eve', '<img src=x onerror=window.hacked=1>');
  const context = await browser.newContext();
  const tab = await Tab.open(context, server.url, 'Ada', '#attacks');
  await post('attacks', attacks.slice(8), 'mallory', '"><script>window.hacked=1</script>');
  await tab.until('all of it', (n) => document.querySelectorAll('#log > li').length === n, attacks.length);
  assert.deepEqual(await tab.texts(), (await server.messages('attacks')).map((m) => m.text));
  const found = await tab.page.evaluate(() => ({
    hacked: window.hacked,
    strange: [...document.querySelectorAll('#log .text *, #log .name *, #people .name *')].filter((e) => e.tagName !== 'A').map((e) => e.outerHTML),
    links: [...document.querySelectorAll('#log .text a')].map((a) => [new URL(a.href).protocol, a.rel.includes('noopener'), a.attributes.length]),
    frames: frames.length,
    title: document.title,
  }));
  assert.equal(found.hacked, undefined);
  assert.deepEqual(found.strange, []);
  assert.equal(found.frames, 0);
  assert.ok(found.links.length > 0);
  for (const link of found.links) assert.deepEqual(link, ['https:', true, 3]);
  assert.deepEqual(tab.errors, []);
  await context.close();
});

test('a channel whose name is an attack is a name', async () => {
  const context = await browser.newContext();
  const name = '<img src=x onerror=window.hacked=1>';
  const tab = await Tab.open(context, server.url, 'Ada', '#' + encodeURIComponent(name));
  assert.equal(await tab.page.textContent('#title'), name);
  assert.equal(await tab.page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(tab.errors, []);
  await context.close();
});

test('the policy keeps out what is not the page itself', async () => {
  const context = await browser.newContext();
  const tab = await Tab.open(context, server.url, 'Ada', '#policy');
  // In a task of the page's own: what a debugger runs may do more.
  const blocked = await tab.page.evaluate(() => new Promise((resolve) => setTimeout(() => {
    const tries = {
      markup: () => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); },
      code: () => { eval('1'); },
      script: () => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); },
    };
    resolve(Object.entries(tries).filter(([, f]) => { try { f(); return false; } catch { return true; } }).map(([name]) => name));
  })));
  assert.deepEqual(blocked, ['markup', 'code', 'script']);
  assert.equal(await tab.page.evaluate(() => window.hacked), undefined);
  await context.close();
});

test('what was written offline is sent once, in order, even after a reload', async () => {
  const context = await browser.newContext();
  const tab = await Tab.open(context, server.url, 'Ada', '#offline');
  await tab.say('before');
  await tab.shows('before');
  await server.kill();
  await tab.until('the bad news', () => !document.querySelector('#offline').hidden);
  await tab.page.evaluate(() => { link.open = () => {}; }); // until the reload it stays offline
  for (const text of ['one', 'two', 'three']) await tab.say(text);
  assert.deepEqual(await tab.page.evaluate(() => [...document.querySelectorAll('#pending .tick .unseen')].map((e) => e.textContent)), Array(3).fill('On its way'));
  assert.match(await tab.page.textContent('#offline-text'), /3 messages wait/);
  await server.run();
  await tab.page.reload();
  await tab.up();
  await tab.until('an empty outbox', () => outbox.length === 0 && document.querySelectorAll('#log > li').length === 4);
  assert.deepEqual(await tab.texts(), ['before', 'one', 'two', 'three']);
  assert.deepEqual((await server.messages('offline')).map((m) => m.text), ['before', 'one', 'two', 'three']);
  assert.deepEqual(await tab.page.evaluate(() => Object.keys(localStorage).filter((k) => k.startsWith('parley.out/'))), []);
  assert.deepEqual(tab.errors, []);
  await context.close();
});

test('older messages come by scrolling up, in order and without a jump', async () => {
  const texts = Array.from({ length: 130 }, (_, i) => `line ${i}`);
  await post('long', texts);
  const context = await browser.newContext();
  const tab = await Tab.open(context, server.url, 'Ada', '#long');
  assert.equal((await tab.texts()).length, 50);
  await until('all of it', async () => {
    await tab.page.evaluate(() => { document.querySelector('#scroll').scrollTop = 0; });
    return (await tab.texts()).length === texts.length;
  });
  assert.deepEqual(await tab.texts(), texts);
  await post('long', ['the newest'], 'bob');
  await tab.until('the news below', () => document.querySelector('#jump').textContent.startsWith('1 new message'));
  await tab.until('the title', () => document.title.startsWith('(1) '));
  await tab.page.click('#jump');
  await tab.until('to have seen it', () => !document.title.startsWith('('));
  assert.deepEqual(tab.errors, []);
  await context.close();
});

test('channels are switched, and count what was not read', async () => {
  const context = await browser.newContext();
  const tab = await Tab.open(context, server.url, 'Ada', '#red');
  await tab.page.fill('#join-name', 'blue');
  await tab.page.press('#join-name', 'Enter');
  await tab.until('blue', () => here === 'blue' && channels.get('blue').live && channels.get('red').live);
  await post('red', ['a', 'b']);
  await tab.until('the badge', () => document.querySelector('.channel.unread .badge')?.firstChild.textContent === '2');
  await tab.page.click('#channels a:has-text("red")');
  await tab.shows('b');
  await tab.until('no badge', () => !document.querySelector('.channel.unread'));
  assert.deepEqual(await tab.texts(), ['a', 'b']);
  assert.deepEqual(tab.errors, []);
  await context.close();
});

test('a phone shows all of it without scrolling sideways', async () => {
  await post('narrow', ['w'.repeat(500), 'https://example.org/' + 'path/'.repeat(60), 'a '.repeat(300)], 'somebody-with-a-very-long-name-'.repeat(3));
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const tab = await Tab.open(context, server.url, 'Ada', '#narrow');
  await tab.until('all of it', () => document.querySelectorAll('#log > li').length === 3);
  const wide = () => tab.page.evaluate(() => [document.documentElement, document.querySelector('#scroll'), document.querySelector('#side')].map((e) => e.scrollWidth - e.clientWidth));
  assert.deepEqual(await wide(), [0, 0, 0]);
  await tab.page.tap('#menu');
  await tab.until('the drawer', () => document.querySelector('#menu').getAttribute('aria-expanded') === 'true');
  assert.deepEqual(await wide(), [0, 0, 0]);
  await context.close();
});

test('nobody is kept out: axe finds nothing, light and dark', async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await post('seen', ['hello', 'see https://example.org/'], 'bob', 'Bob');
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ colorScheme });
    const tab = await Tab.open(context, server.url, 'Ada', '#seen');
    await tab.say('mine');
    await tab.shows('mine');
    await tab.page.evaluate(axe);
    const found = await tab.page.evaluate(() => window.axe.run());
    assert.deepEqual(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html + ' ' + (n.any[0]?.message ?? ''))]), [], colorScheme);
    await context.close();
  }
});
