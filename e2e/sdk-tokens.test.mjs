// Tokens that end while a page lives, at a server that believes nobody.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { User } from './sdkuser.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

let server, site, browser;

before(async () => {
  [server, browser] = await Promise.all([Server.start('--log', 'text'), launch()]);
  site = await Site.start(server);
});
after(async () => { await browser?.close(); await site?.close(); await server?.stop(); });

// contextWith makes a context whose pages have a function mint(fresh) for tokens.
async function contextWith(mint) {
  const context = await browser.newContext();
  await context.exposeFunction('mint', mint);
  return context;
}

// useMint runs in the page before the client is made.
const useMint = () => { globalThis.more = { getToken: (fresh) => mint(fresh) }; };

test('a token that expires is replaced on the live connection, and nothing is lost', async () => {
  let minted = 0;
  const context = await contextWith(() => { minted++; return server.token('ada', '--ttl', '6s'); }); // renewed a fifth of it before
  const ada = await User.open(site, context, {}, ['live'], useMint);
  const upTo = minted + 2;
  let n = 0;
  await until('two more tokens', async () => {
    await ada.do((text) => client.sendMessage('live', text), `${n++}`);
    return minted >= upTo;
  }, 60000);
  await ada.until('all of them', (n) => got.length === n, n);
  assert.deepEqual((await ada.got()).map(([seq, who, text]) => [seq, who, text]), Array.from({ length: n }, (_, i) => [i + 1, 'ada', `${i}`]));
  assert.deepEqual(await ada.states(), ['connected']);
  assert.equal(site.open, 1);
  assert.deepEqual(site.errors, []);
  await context.close();
});

test('where no token is to be had for a while, the page is let out, and comes back with all that it missed', async () => {
  let out = false;
  const context = await contextWith(() => {
    if (out) throw new Error('the back end is down');
    return server.token('eve', '--ttl', '3s');
  });
  const eve = await User.open(site, context, {}, ['out'], useMint);
  await eve.do(() => client.sendMessage('out', 'one'));
  out = true;
  await eve.until('to be out', () => !client.isConnected, null, 60000);
  const codes = (await eve.seen('connection')).map((e) => e.code);
  assert.ok(codes.includes('token_expired'), codes.join());
  const waiting = eve.do(() => client.sendMessage('out', 'three').then((m) => m.seq));
  await post('two', 'out');
  out = false;
  assert.equal(await waiting, 3);
  await eve.until('all of it', () => got.length === 3);
  assert.deepEqual((await eve.got()).map(([, , text]) => text), ['one', 'two', 'three']);
  await context.close();
});

test('a token that is revoked is told, and what is sent afterwards fails with its code', async () => {
  const context = await browser.newContext();
  const token = await server.token('mallory');
  const mallory = await User.open(site, context, { token }, ['revoked']);
  await mallory.do(() => client.sendMessage('revoked', 'before'));
  const r = await fetch(`${server.url}/v1/tokens/revoke`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await server.secretKey()}` }, body: JSON.stringify({ userId: 'mallory' }),
  });
  assert.equal(r.status, 200);
  await mallory.until('the end', () => client.connectionState === 'closed');
  const last = (await mallory.seen('connection')).at(-1);
  assert.deepEqual([last.state, last.code], ['closed', 'token_revoked']);
  assert.equal(await mallory.do(() => client.sendMessage('revoked', 'after').then(() => '', (e) => e.code)), 'token_revoked');
  assert.deepEqual(site.errors, []);
  await context.close();
});

// post writes as the application's own server does.
async function post(text, channel) {
  const r = await fetch(`${server.url}/v1/channels/${channel}/messages?userId=bob`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await server.secretKey()}` }, body: JSON.stringify({ text }),
  });
  assert.equal(r.status, 201);
}
