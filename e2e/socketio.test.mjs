// The door /socket.io/, with the client that people have.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { Server, until } from './server.mjs';

let server, closed;
const open = new Set();

before(async () => { [server, closed] = await Promise.all([Server.start(), Server.start('--no-compression')]); });
after(async () => {
  for (const s of open) s.disconnect();
  await Promise.all([server?.stop(), closed?.stop()]);
});

// client is a socket that notes what it is told: [name, ...arguments].
function client(userId, { auth, to = '', at = server, ...options } = {}) {
  const socket = io(at.url + to, {
    transports: ['websocket'], forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 200, auth: { userId, ...auth }, ...options,
  });
  socket.told = [];
  socket.onAny((...args) => socket.told.push(args));
  socket.of = (name) => socket.told.filter((t) => t[0] === name).map((t) => t[1]);
  open.add(socket);
  return socket;
}

async function connected(...args) {
  const socket = client(...args);
  await up(socket);
  return socket;
}

// up waits until the socket is connected.
function up(socket) {
  if (socket.connected) return Promise.resolve();
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    if (!socket.active) reject(new Error('the socket does not try'));
  });
}

// ask emits an event, and answers with its acknowledgement.
const ask = (socket, ...args) => socket.timeout(20000).emitWithAck(...args);

const room = (() => { let n = 0; return () => `room-${++n}`; })();

async function join(socket, name) {
  assert.deepEqual(await ask(socket, 'join-room', name), { ok: true });
}

for (const [how, transports] of [['polling', ['polling']], ['WebSocket', ['websocket']], ['upgrade', ['polling', 'websocket']]]) {
  test(`TestC7_Connects: ${how}`, async () => {
    const name = room();
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => connected(user, { transports })));
    if (how === 'upgrade') await until('the upgrade', () => ada.io.engine.transport.name === 'websocket');
    await Promise.all([join(ada, name), join(bob, name)]);
    for (let i = 0; i < 50; i++) ada.emit('message', { text: `ada ${i}` });
    await until('everything', () => bob.of('message').length === 50);
    assert.deepEqual(bob.of('message').map((m) => m.text), Array.from({ length: 50 }, (_, i) => `ada ${i}`));
    assert.equal(ada.io.engine.transport.name, how === 'polling' ? 'polling' : 'websocket');
    ada.disconnect();
    await until('ada to leave', () => bob.of('user-left').some((m) => m.user === 'ada'));
    bob.disconnect();
  });
}

test('TestC7_RefusesABadToken', async () => {
  for (const auth of [{}, { token: 'nonsense' }, { token: 5 }, { token: await closed.token('ada'), userId: 'bob' }]) {
    const socket = io(closed.url, { transports: ['websocket'], forceNew: true, auth, reconnection: false });
    open.add(socket);
    const err = await new Promise((resolve, reject) => { socket.on('connect_error', resolve); socket.on('connect', () => reject(new Error('it was let in'))); });
    if (auth.token !== 5) assert.equal(err.message, 'Authentication error');
    assert.equal(typeof err.data.code, 'string');
    socket.disconnect();
  }
  const token = await closed.token('ada');
  const ada = await connected(undefined, { at: closed, auth: { token } });
  const name = room();
  await join(ada, name);
  assert.equal((await ask(ada, 'message', { text: 'hi' })).seq, 1);
  assert.equal((await until('the message', () => ada.of('message')[0])).user, 'ada');
  ada.disconnect();
});

test('TestC7_WithDevAnyTokenPassesAndWhoGivesNoNameIsAGuest', async () => {
  const guest = await connected(undefined, { auth: { token: 'whatever' } });
  const named = await connected(undefined, { query: { userId: 'cy' } });
  const name = room();
  await join(guest, name);
  await join(named, name);
  guest.emit('message', 'hi');
  named.emit('message', 'ho');
  await until('both', () => guest.of('message').length === 2);
  const [a, b] = ['hi', 'ho'].map((text) => guest.of('message').find((m) => m.text === text));
  assert.match(a.user, /^guest-/);
  assert.deepEqual([a.text, a.userId, b.user, b.userId], ['hi', guest.id, 'cy', named.id]);
  guest.disconnect();
  named.disconnect();
});

test('TestC7_PagesOfOtherOriginsMayCome', async () => {
  const poll = (origin) => fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, { headers: { Origin: origin } });
  const allowed = await poll('http://localhost:5173');
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'http://localhost:5173');
  assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true');
  const opened = JSON.parse((await allowed.text()).slice(1));
  assert.deepEqual([opened.pingInterval, opened.pingTimeout, opened.upgrades], [25000, 60000, ['websocket']]);
  assert.equal((await poll('https://elsewhere.example')).status, 403);
  assert.equal((await poll('null')).status, 403);
});

test('TestC8_JoinMessageTypingAndLeave', async () => {
  const name = room();
  const [ada, bob, cy] = await Promise.all(['ada', 'bob', 'cy'].map((user) => connected(user)));
  await join(ada, name);
  await join(bob, name);
  const joined = await until('bob to be seen', () => ada.of('user-joined')[0]);
  assert.deepEqual([joined.userId, joined.user, typeof joined.timestamp], [bob.id, 'bob', 'number']);
  assert.deepEqual(bob.of('user-joined'), [], 'nobody is told of oneself');

  const data = { text: 'hello', color: 'red', nested: { list: [1, 'two', null] }, userId: 'mallory', timestamp: 1 };
  const ack = await ask(ada, 'message', data);
  assert.deepEqual(Object.keys(ack), ['id', 'seq']);
  for (const socket of [ada, bob]) {
    const m = await until('the message', () => socket.of('message')[0]);
    assert.ok(m.timestamp > 1e12);
    assert.deepEqual(m, { ...data, userId: ada.id, user: 'ada', timestamp: m.timestamp, id: ack.id });
  }
  assert.deepEqual(cy.told, [], 'who is not in the room hears nothing');

  ada.emit('typing', true);
  const typing = await until('typing', () => bob.of('user-typing')[0]);
  assert.deepEqual([typing.userId, typing.user, typing.isTyping], [ada.id, 'ada', true]);
  assert.deepEqual(await ask(ada, 'typing', false), { ok: true });
  await until('its end', () => bob.of('user-typing').some((t) => t.isTyping === false));
  assert.deepEqual(ada.of('user-typing'), []);

  const { id, userId } = { id: ada.id, userId: 'ada' };
  ada.disconnect();
  const left = await until('ada to leave', () => bob.of('user-left')[0]);
  assert.deepEqual([left.userId, left.user], [id, userId]);
  bob.disconnect();
  cy.disconnect();
});

test('TestC8_TheRoomIsTheFirstOneJoinedAndNotLeft', async () => {
  const names = Array.from({ length: 120 }, room);
  const ada = await connected('ada');
  const listeners = new Map();
  for (const i of [0, 1, 119]) {
    const listener = await connected(`listener-${i}`);
    await join(listener, names[i]);
    listeners.set(i, listener);
  }
  await Promise.all(names.map((name) => join(ada, name)));
  await join(ada, names[0]); // once more changes nothing
  await ask(ada, 'message', 'to the first');
  assert.deepEqual(await ask(ada, 'leave-room', names[0]), { ok: true });
  await ask(ada, 'message', 'to the second');
  await join(ada, names[0]);
  await ask(ada, 'message', 'to the second still');
  assert.deepEqual(await ask(ada, 'leave-room'), { ok: true }); // the present one
  for (const name of names.slice(2, 119)) ada.emit('leave-room', name);
  await ask(ada, 'message', 'to the last');
  await until('the last', () => listeners.get(119).of('message').length === 1);
  assert.deepEqual(listeners.get(0).of('message').map((m) => m.text), ['to the first']);
  await until('the second', () => listeners.get(1).of('message').length === 2);
  assert.deepEqual(listeners.get(1).of('message').map((m) => m.text), ['to the second', 'to the second still']);
  for (const s of [ada, ...listeners.values()]) s.disconnect();
});

test('TestC8_RefusalsAreAnswered', async () => {
  const ada = await connected('ada');
  const code = async (...args) => (await ask(ada, ...args)).code;
  assert.equal(await code('message', 'nowhere'), 'not_subscribed');
  assert.equal(await code('join-room'), 'invalid');
  assert.equal(await code('join-room', { a: 1 }), 'invalid');
  assert.equal(await code('join-room', ' '), 'invalid');
  assert.equal(await code('dance'), 'unknown_type');
  assert.equal(await code('__proto__'), 'unknown_type');
  await join(ada, room());
  assert.equal(await code('typing', 'yes'), 'invalid');
  assert.equal(await code('message'), 'invalid');
  assert.equal(await code('message', { text: 'x'.repeat(70000) }), 'too_large');
  assert.equal(await code('message', JSON.parse('{"__proto__": {"admin": true}}')), 'invalid');
  assert.deepEqual(ada.told, []);
  ada.emit('dance');
  assert.equal((await until('the error', () => ada.of('error')[0])).code, 'unknown_type');
  assert.equal((await ask(ada, 'message', 'still here')).seq, 1);
  ada.disconnect();
});

for (const [how, transports] of [['polling', ['polling']], ['WebSocket', ['websocket']]]) {
  test(`TestC8_BinaryIsGivenBack: ${how}`, async () => {
    const name = room();
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => connected(user, { transports })));
    await Promise.all([join(ada, name), join(bob, name)]);
    await ask(ada, 'message', { text: 'two', a: Buffer.from([1, 2, 3]), list: [new Uint8Array(40000).fill(7)] });
    await ask(ada, 'message', Buffer.from('alone'));
    await ask(ada, 'message', { text: 'none', a: { _placeholder: true, num: 0 } });
    await until('three', () => bob.of('message').length === 3);
    const [two, alone, none] = bob.of('message');
    assert.deepEqual([two.text, Buffer.from(two.a), two.list.length, Buffer.from(two.list[0]).equals(Buffer.alloc(40000, 7))], ['two', Buffer.from([1, 2, 3]), 1, true]);
    assert.equal(Buffer.from(alone.data).toString(), 'alone');
    assert.deepEqual(none.a, { _placeholder: true, num: 0 });
    const kept = await server.messages(name);
    assert.deepEqual([kept[0].text, kept[0].body.a], ['two', { _binary: 'AQID' }]);
    ada.disconnect();
    bob.disconnect();
  });
}

test('TestC8_OtherDoorsAreUsers', async () => {
  const name = room();
  const ada = await connected('ada');
  await join(ada, name);
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/rooms`);
  const frames = [];
  ws.on('message', (data) => frames.push(JSON.parse(data)));
  await new Promise((resolve) => ws.once('open', resolve));
  const say = (frame) => ws.send(JSON.stringify({ userId: 'bob', username: 'Bob', ...frame }));
  say({ type: 'join', roomId: name });
  const joined = await until('bob', () => ada.of('user-joined')[0]);
  assert.deepEqual([joined.userId, joined.user], ['bob', 'bob']);
  say({ type: 'message', content: 'from rooms' });
  const m = await until('his message', () => ada.of('message')[0]);
  assert.deepEqual([m.text, m.userId, m.user], ['from rooms', 'bob', 'bob']);
  say({ type: 'typing' });
  await until('his typing', () => ada.of('user-typing').find((t) => t.userId === 'bob' && t.isTyping));
  await ask(ada, 'message', { text: 'from Socket.IO', more: 1 });
  assert.equal((await until('her message', () => frames.find((f) => f.type === 'message' && f.userId === 'ada'))).content, 'from Socket.IO');

  const rest = (method, path, body) => fetch(`${server.url}/v1/channels/${name}/messages${path}?userId=bob`, {
    method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
  });
  const posted = await (await rest('POST', '', { text: 'an eror' })).json();
  await rest('PATCH', `/${posted.id}`, { text: 'an error' });
  await rest('DELETE', `/${posted.id}`);
  await until('the deletion', () => ada.of('deleted')[0]);
  assert.deepEqual([ada.of('edited')[0].id, ada.of('edited')[0].text, ada.of('deleted')[0].id], [posted.id, 'an error', posted.id]);
  await rest('POST', '', { body: { type: 'file', url: '/files/1', fileName: 'plan.pdf', fileSize: 3 } });
  const file = await until('the file', () => ada.of('message').find((f) => f.type === 'file'));
  assert.deepEqual([file.text, file.fileName], ['plan.pdf /files/1', 'plan.pdf']);
  ws.close();
  await until('bob to leave', () => ada.of('user-left').find((l) => l.userId === 'bob'));
  ada.disconnect();
});

test('TestC8_NamespaceOfNativeOperations', async () => {
  const name = room();
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => connected(user, { to: '/parley' })));
  const subscribed = await ask(bob, 'subscribe', { channelId: name, acks: true });
  assert.deepEqual([subscribed.type, subscribed.channelId, subscribed.ref], ['subscribed', name, undefined]);
  const messages = [];
  bob.on('message', (m, done) => { messages.push(m); done(); });
  const posted = await ask(ada, 'publish', { channelId: name, text: 'hi', nonce: 'n1' });
  assert.deepEqual([posted.type, posted.seq, posted.nonce], ['ack', 1, 'n1']);
  const m = await until('the message', () => messages[0]);
  assert.deepEqual([m.text, m.senderId, m.type], ['hi', 'ada', undefined]);
  await until('it to count as delivered', async () => (await ask(bob, 'subscribe', { channelId: name })).cursor.delivered === 1);
  assert.equal((await ask(ada, 'react', { channelId: name, id: posted.id, reaction: '+1' })).type, 'ack');
  await until('the reaction', () => bob.of('reaction')[0]);
  const page = await ask(ada, 'history', { channelId: name, limit: 10 });
  assert.deepEqual([page.type, page.messages.map((x) => x.text)], ['page', ['hi']]);
  assert.deepEqual(await ask(ada, 'typing', { channelId: name, typing: true }).then((r) => r.type), 'error');
  assert.equal((await ask(ada, 'publish', { channelId: name })).code, 'invalid');
  assert.equal((await ask(ada, 'nothing', {})).code, 'unknown_type');

  const lost = client('ada', { to: '/nowhere' });
  const err = await new Promise((resolve) => lost.once('connect_error', resolve));
  assert.equal(err.message, 'Invalid namespace');
  for (const s of [ada, bob, lost]) s.disconnect();
});

test('TestC8_NamespacesShareAConnection', async () => {
  const name = room();
  const events = await connected('ada', { forceNew: false });
  const native = events.io.socket('/parley', { auth: { userId: 'ada' } });
  native.connect();
  await up(native);
  await join(events, name);
  await ask(native, 'publish', { channelId: name, text: 'from the other' });
  assert.equal((await until('it', () => events.of('message')[0])).text, 'from the other');
  events.disconnect();
  assert.equal((await ask(native, 'publish', { channelId: name, text: 'still here' })).seq, 2);
  native.disconnect();
});

// numbered posts messages over REST.
async function numbered(name, from, to) {
  for (let i = from; i < to; i++) {
    const r = await fetch(`${server.url}/v1/channels/${name}/messages?userId=poster`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: String(i), nonce: String(i) }),
    });
    assert.equal(r.status, 201);
  }
}

const numbers = (socket) => socket.of('message').map((m) => Number(m.text));
const upTo = (n) => Array.from({ length: n }, (_, i) => i);

test('TestC8_RecoversAfterACut', async () => {
  const name = room();
  const ada = await connected('ada', { auth: { recovery: true } });
  const { id } = ada;
  await join(ada, name);
  ada.io.engine.close(); // before anything was said
  await numbered(name, 0, 5);
  await until('five', () => numbers(ada).length === 5);
  assert.deepEqual([ada.recovered, ada.id], [true, id]);
  for (const offset of ada.told.filter((t) => t[0] === 'message').map((t) => t[2])) assert.match(offset, /^[^:]+:\d+$/);

  await join(ada, `${name}-2`);
  ada.io.engine.close();
  await Promise.all([numbered(name, 5, 40), numbered(`${name}-2`, 1000, 1040)]);
  await until('all', () => numbers(ada).length === 80);
  assert.equal(ada.recovered, true);
  assert.deepEqual(numbers(ada).filter((n) => n < 1000), upTo(40));
  assert.deepEqual(numbers(ada).filter((n) => n >= 1000), upTo(40).map((n) => n + 1000));
  await ask(ada, 'message', { text: '40' }); // the first room is still the first
  await until('it', () => numbers(ada).length === 81);
  assert.equal((await server.messages(name)).length, 41);
  assert.equal(ada.of('message').at(-1).userId, id);
  ada.disconnect();
});

for (const [how, transports] of [['polling', ['polling']], ['WebSocket', ['websocket']], ['upgrade', ['polling', 'websocket']]]) {
  test(`TestC8_CutAtRandomNothingIsLostOrDoubled: ${how}`, async () => {
    const name = room();
    const ada = await connected('ada', { transports, auth: { recovery: true } });
    await join(ada, name);
    let posted = false;
    const posting = numbered(name, 0, 300).then(() => { posted = true; });
    let cuts = 0;
    while (!posted) {
      await new Promise((r) => setTimeout(r, 10 + Math.random() * 60));
      // Closed in mid-upgrade, socket.io-client keeps what came last for its
      // next connection, and asks for it again there.
      if (ada.connected && !ada.io.engine.upgrading) { ada.io.engine.close(); cuts++; }
    }
    await posting;
    await until('all', () => numbers(ada).length >= 300);
    assert.deepEqual(numbers(ada), upTo(300), `after ${cuts} cuts`);
    assert.ok(cuts > 0 && ada.recovered);
    ada.disconnect();
  });
}

test('TestC8_RecoversAfterTheServerWasKilled', async () => {
  const name = room();
  const [ada, bob] = await Promise.all([connected('ada', { auth: { recovery: true } }), connected('bob')]);
  const ids = [ada.id, bob.id];
  await Promise.all([join(ada, name), join(bob, name)]);
  await numbered(name, 0, 10);
  await until('ten', () => numbers(ada).length === 10);
  const down = new Promise((resolve) => ada.once('disconnect', resolve));
  await server.kill();
  await down;
  await server.run();
  await numbered(name, 10, 30);
  await until('all', () => numbers(ada).length === 30);
  assert.deepEqual([ada.recovered, ada.id], [true, ids[0]]);
  assert.deepEqual(numbers(ada), upTo(30));
  await up(bob);
  assert.ok(!bob.recovered);
  assert.notEqual(bob.id, ids[1]);
  await join(ada, `${name}-2`);
  ada.disconnect();
  bob.disconnect();
});

test('TestC8_WhoDoesNotRecoverIsAnother', async () => {
  const name = room();
  const ada = await connected('ada', { auth: { recovery: true } });
  await join(ada, name);
  await numbered(name, 0, 3);
  await until('three', () => numbers(ada).length === 3);
  const { id, _pid, _lastOffset } = ada;
  const tries = [
    ['bob', { pid: _pid, offset: _lastOffset }], ['ada', { pid: `${_pid}x`, offset: _lastOffset }], ['ada', { pid: _pid, offset: 'nonsense' }],
    ['ada', { pid: _pid, offset: _lastOffset.replace(/^[^:]+/, 'another') }], ['ada', { pid: _pid, offset: `${_lastOffset}00` }],
  ];
  for (const [user, auth] of tries) {
    const other = await connected(user, { auth: { recovery: true, ...auth } });
    assert.notEqual(other.id, id, JSON.stringify(auth));
    assert.notEqual(other._pid, _pid);
    assert.equal((await ask(other, 'message', 'x')).code, 'not_subscribed');
    other.disconnect();
  }
  assert.equal(ada.connected, true, 'and whose ticket it is was not disturbed');
  ada.disconnect();
});

test('TestC8_ASlowReaderLosesNothing', async () => {
  const name = room();
  const slow = await connected('slow');
  await join(slow, name);
  const raw = slow.io.engine.transport.ws._socket;
  raw.pause();
  const fast = await connected('fast', { to: '/parley' });
  const pad = 'x'.repeat(20000);
  for (let i = 0; i < 600; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) => ask(fast, 'publish', { channelId: name, body: { text: String(i + k), pad }, nonce: String(i + k) })));
  }
  assert.ok(numbers(slow).length < 600);
  raw.resume();
  await until('everything', () => numbers(slow).length === 600, 60000);
  assert.deepEqual([...numbers(slow)].sort((a, b) => a - b), upTo(600));
  const kept = [];
  while (kept.length < 600) {
    const r = await fetch(`${server.url}/v1/channels/${name}/messages?userId=reader&limit=1000&after=${kept.at(-1)?.seq ?? 0}`);
    kept.push(...(await r.json()).messages);
  }
  assert.deepEqual(slow.of('message').map((m) => m.id), kept.map((m) => m.id));
  slow.disconnect();
  fast.disconnect();
});

test('TestC8_HostilePacketsHarmTheirSenderAlone', async () => {
  const name = room();
  const ada = await connected('ada');
  await join(ada, name);
  const deep = '['.repeat(200) + ']'.repeat(200);
  const hostile = async (...messages) => {
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&userId=mallory`);
    const told = [];
    let over = false;
    ws.on('message', (data, binary) => { if (!binary) told.push(String(data)); });
    ws.on('close', () => { over = true; });
    await new Promise((resolve) => ws.once('open', resolve));
    ws.send('40');
    await until('the namespace', () => told.find((m) => m.startsWith('40{')));
    ws.send(`42["join-room","${name}"]`);
    for (const m of messages) ws.send(m);
    const error = await until(`an error for ${messages}`, () => told.find((m) => m.includes('"code":')) || over);
    const lives = !over && await Promise.race([
      new Promise((resolve) => { ws.once('close', () => resolve(false)); }),
      (async () => { ws.send('429["typing",true]'); await until('an answer', () => over || told.find((m) => m.startsWith('439['))); return !over; })(),
    ]);
    ws.close();
    return [String(error).match(/"code":"(\w+)"/)?.[1], lives];
  };
  const place = (n) => `{"_placeholder":true,"num":${n}}`;
  assert.deepEqual(await hostile(`42["message",${deep}]`), ['malformed', true]);
  assert.deepEqual(await hostile('42["message",{"a":1,"a":2}]'), ['malformed', true]);
  assert.deepEqual(await hostile('42["disconnecting"]'), ['invalid', true]);
  assert.deepEqual(await hostile('4299999999999999999999["message","x"]'), ['invalid', true]);
  assert.deepEqual(await hostile(`452-["message",[${place(0)},${place(0)}]]`, Buffer.from([1]), Buffer.from([2])), ['invalid', true]);
  assert.deepEqual(await hostile(`452-["message",[${place(0)},${place(7)}]]`, Buffer.from([1]), Buffer.from([2])), ['invalid', true]);
  assert.deepEqual(await hostile('42["message",{"__proto__":{}}]'), ['invalid', true]);
  assert.deepEqual(await hostile('49999'), ['malformed', false]);
  assert.deepEqual(await hostile('4511-["message"]'), ['malformed', false]);
  assert.deepEqual(await hostile('451-["message"]', '42["typing",true]'), ['malformed', false]);
  assert.deepEqual(await hostile('42/nowhere,["message"]'), ['invalid', false]);
  assert.deepEqual(await hostile('40'), ['invalid', true]);
  assert.equal((await ask(ada, 'message', 'undisturbed')).seq, 1);
  assert.deepEqual(ada.of('message').map((m) => m.text), ['undisturbed']);
  ada.disconnect();
});

// docs/socketio.md: a client that was there before, as it stands there.
test('TestC8_AnExistingClientWithItsURLChanged', async () => {
  const page = await readFile(new URL('../docs/socketio.md', import.meta.url), 'utf8');
  const [, code] = page.match(/^```js\n(import .*?)^```$/ms);
  assert.ok(code.trim().split('\n').length <= 10, 'more than ten lines');
  const bob = await connected('bob');
  await join(bob, 'general');
  const printed = [];
  const sockets = [];
  const run = new Function('io', 'console', code.replace(/^import .*$/m, '').replaceAll('http://127.0.0.1:8080', server.url));
  run((...args) => { sockets.push(io(...args)); return sockets.at(-1); }, { log: (...args) => printed.push(args.join(' ')) });
  const [ada] = sockets;
  open.add(ada);
  const said = 'hello from a client that was there before';
  const m = await until('her message', () => bob.of('message')[0]);
  assert.deepEqual([m.text, m.userId, m.user], [said, ada.id, 'ada']);
  bob.emit('typing', true);
  bob.emit('message', { text: 'hello back' });
  await until('what it prints', () => [`${ada.id} ${said}`, `${bob.id} hello back`, `${bob.id} types`].every((line) => printed.includes(line)));
  ada.disconnect();
  bob.disconnect();
});
