// Several pages of one user, and of two: presence, reading, calls, shared state.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { User } from './sdkuser.mjs';
import { Site } from './sdkpage.mjs';
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

// level waits until the user's channel is live: signals come from then on.
const level = (user, channel) => user.until(`${channel} to be level`, (c) => seen.some(([n, e]) => n === 'level' && e.channelId === c), channel);

// comings are who came to and went from a channel, as a user was told since its
// first level.
async function comings(user, channel) {
  const told = (await user.seen('presence')).filter((e) => e.channelId === channel);
  return told.flatMap((e) => [...(e.joined ?? []).map((p) => `+${p.userId}`), ...(e.left ?? []).map((p) => `-${p.userId}`)]);
}

test('two tabs are one user: who watches sees them come once, and go with the last', async () => {
  const theirs = await browser.newContext();
  const mine = await browser.newContext();
  const bob = await User.open(site, theirs, { userId: 'bob' }, ['tabs']);
  await level(bob, 'tabs');
  const first = await User.open(site, mine, { userId: 'ada' }, ['tabs']);
  const second = await User.open(site, mine, { userId: 'ada' }, ['tabs']);
  await level(second, 'tabs');
  await until('bob to see ada', async () => (await comings(bob, 'tabs')).includes('+ada'));
  const present = (await second.seen('level')).at(-1).present.map((p) => p.userId).sort();
  assert.deepEqual(present, ['ada', 'bob']);

  await first.close();
  await second.do(() => client.sendMessage('tabs', 'still here'));
  await bob.until('the message', () => got.length === 1);
  assert.equal((await bob.do(() => client.getPresence('ada'))).status, 'online');
  await second.close();
  await until('bob to see ada go', async () => (await comings(bob, 'tabs')).includes('-ada'));
  assert.deepEqual(await comings(bob, 'tabs'), ['+ada', '-ada']);
  assert.equal((await bob.do(() => client.getPresence('ada'))).status, 'offline');
  await theirs.close();
  await mine.close();
});

test('what one tab has read is read in the other', async () => {
  const theirs = await browser.newContext();
  const mine = await browser.newContext();
  const bob = await User.open(site, theirs, { userId: 'bob' }, ['read']);
  const [reading, other] = [await User.open(site, mine, { userId: 'ada' }, ['read']), await User.open(site, mine, { userId: 'ada' }, ['read'])];
  for (const u of [bob, reading, other]) await level(u, 'read');
  for (const text of ['one', 'two', 'three']) await bob.do((t) => client.sendMessage('read', t), text);
  for (const u of [reading, other]) await u.until('three messages', () => got.length === 3);
  for (const u of [reading, other]) await u.until('three unread', () => client.unread('read') === 3);
  // And as the server counts them, now and after.
  const unread = (u) => u.do(async () => (await client.joinChannel('read')).cursor.unread);
  assert.equal(await unread(other), 3);
  await reading.do(async () => {
    const { messages } = await client.getHistory('read');
    await client.ackRead('read', messages[2].id);
  });
  await other.until('to be told', () => seen.some(([n, e]) => n === 'read' && e.userId === 'ada' && e.seq === 3));
  for (const u of [reading, other]) await u.until('nothing unread', () => client.unread('read') === 0);
  assert.equal(await unread(other), 0);
  // What bob wrote has come that far.
  await bob.until('three that are read', () => seen.filter(([n, e]) => n === 'status' && e.status === 'read').length === 3);
  assert.deepEqual((await bob.seen('status')).filter((e) => e.message?.seq === 3).map((e) => e.status).filter((s) => s !== 'delivered'), ['sent', 'read']);
  await theirs.close();
  await mine.close();
});

test('a call rings on both devices of the callee, is answered on one, and stops ringing on the other', async () => {
  const contexts = await Promise.all([0, 1, 2].map(() => browser.newContext()));
  const [ada, phone, laptop] = await Promise.all(contexts.map((c, i) => User.open(site, c, { userId: i ? 'bob' : 'ada' })));
  const states = async (u) => (await u.seen('call.state')).map((c) => c.state);
  for (const u of [ada, phone, laptop]) await u.until('to be connected', () => client.isConnected);
  const { callId } = await ada.do(() => client.call('bob', { data: { video: true } }));
  for (const u of [phone, laptop]) await u.until('to ring', () => seen.some(([n, e]) => n === 'call.state' && e.state === 'ringing'));
  assert.deepEqual((await laptop.seen('call.state'))[0].data, { video: true });
  await phone.do((id) => client.answerCall(id, 'accept'), callId);
  for (const u of [ada, laptop]) await u.until('the answer', () => seen.some(([n, e]) => n === 'call.state' && e.state === 'accepted'));
  assert.deepEqual(await states(laptop), ['ringing', 'accepted']);
  // Too late on the other.
  assert.equal(await laptop.do((id) => client.answerCall(id, 'accept').then(() => '', (e) => e.name), callId), 'ParleyError');
  await ada.do((id) => client.answerCall(id, 'end'), callId);
  for (const u of [phone, laptop]) await u.until('the end', () => seen.some(([n, e]) => n === 'call.state' && e.state === 'ended'));
  for (const c of contexts) await c.close();
});

test('two pages count by compare-and-set at the same time, and every step counts once', async (t) => {
  const contexts = await Promise.all([0, 1].map(() => browser.newContext()));
  const users = await Promise.all(contexts.map((c, i) => User.open(site, c, { userId: ['ada', 'bob'][i] }, ['count'])));
  await Promise.all(users.map((u) => u.do(() => {
    globalThis.steps = [];
    client.state('count').subscribe((key, value) => { if (key === 'n') steps.push(value.value); });
  })));
  const conflicts = await Promise.all(users.map((u) => u.do(async () => {
    let conflicts = 0;
    for (let i = 0; i < 50;) {
      const n = await client.state('count').get('n');
      try {
        await client.state('count').set('n', (n?.value ?? 0) + 1, { if: n?.version ?? 0 });
        i++;
      } catch (e) {
        if (e.code !== 'version_conflict') throw e;
        conflicts++;
        await new Promise((done) => setTimeout(done, Math.random() * 5));
      }
    }
    return conflicts;
  })));
  for (const u of users) {
    await u.until('the last step', () => steps.at(-1) === 100);
    assert.deepEqual(await u.do(() => steps.filter((n, i) => i > 0 && n !== steps[i - 1] + 1)), []);
    assert.equal((await u.do(() => client.state('count').get('n'))).value, 100);
  }
  t.diagnostic(`they met ${conflicts[0] + conflicts[1]} times`);
  // Both have read the same: one of them is told so.
  const [one, other] = users;
  const { version } = await other.do(() => client.state('count').get('n'));
  await one.do((version) => client.state('count').set('n', 101, { if: version }), version);
  assert.equal(await other.do((version) => client.state('count').set('n', 102, { if: version }).catch((e) => e.code), version), 'version_conflict');
  for (const c of contexts) await c.close();
});
