// Components as they are written for other systems' packages run with ours: in
// StrictMode, in Chromium, against a server.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { Sample, samples } from './facades/page.mjs';
import { Server, until } from './server.mjs';

let server, strict, files, browser;
const pages = [];

before(async () => {
  [server, strict, browser, files] = await Promise.all([
    Server.start('--dev'), Server.start('--log', 'text'), launch(['--js-flags=--expose-gc']), samples(['room', 'socket', 'channel', 'conversation']),
  ]);
});
afterEach(async () => { for (const p of pages.splice(0)) await p.close(); });
after(async () => {
  await browser?.close();
  await Promise.all([server?.stop(), strict?.stop()]);
});

async function open(path, of = server) {
  const page = await Sample.open(browser, of, files, path);
  pages.push(page);
  return page;
}

// silent fails if a script of the open pages has.
function silent() {
  assert.deepEqual(pages.flatMap((p) => p.site.errors), []);
}

test('A: a component that names nothing talks in the room general of its origin, as a guest', async () => {
  const [ada, bob] = [await open('/room'), await open('/room')];
  for (const p of [ada, bob]) await p.shows('#status', 'Connected');
  await until('both in the room', async () => (await ada.do(() => controller.getParticipants().length)) === 2);
  await ada.say('one');
  await bob.has(['one']);
  await bob.say('two');
  for (const p of [ada, bob]) await p.has(['one', 'two']);
  const senders = await bob.do(() => controller.getChatHistory().map((m) => m.userName));
  assert.ok(senders.every((name) => name.startsWith('guest-')) && senders[0] !== senders[1], senders.join());
  assert.deepEqual((await server.messages('general')).map((m) => m.text), ['one', 'two']);
  assert.deepEqual([ada, bob].map((p) => p.site.open), [1, 1]); // also where effects run twice
  silent();
});

test('A: typing is shown, ends 3 s after the last sign, and when the message is sent', async () => {
  const [ada, bob] = [await open('/room?user=ada&room=typing'), await open('/room?user=bob&room=typing')];
  await until('both in the room', async () => (await ada.do(() => controller.getParticipants().length)) === 2);
  await ada.page.locator('#typed').pressSequentially('he');
  const began = Date.now();
  await bob.shows('#typing', 'ada is typing...');
  await bob.shows('#typing', '');
  const took = Date.now() - began;
  assert.ok(took > 2000, `it ended after ${took} ms`);
  await ada.page.locator('#typed').pressSequentially('llo');
  await bob.shows('#typing', 'ada is typing...');
  await ada.page.press('#typed', 'Enter');
  await bob.shows('#typing', '');
  await bob.has(['hello']);
  assert.equal(await ada.do(() => document.querySelector('#typing').textContent), ''); // not of oneself
});

test('A: the network is cut and comes back: states are told, and the history has everything once, in order', async () => {
  const [ada, bob] = [await open('/room?user=ada&room=cut'), await open('/room?user=bob&room=cut')];
  for (const p of [ada, bob]) await p.shows('#status', 'Connected');
  await ada.say('before');
  for (const p of [ada, bob]) await p.has(['before']);
  ada.offline();
  await ada.until('it to be told', () => said.includes('Disconnected') && said.includes('Reconnecting...'));
  await bob.say('meanwhile');
  await ada.do(() => { for (const text of ['late 1', 'late 2']) void controller.sendChatMessage(text); });
  ada.online();
  await ada.until('it to be back', () => said.at(-1) === 'Reconnected');
  const all = ['before', 'meanwhile', 'late 1', 'late 2'];
  for (const p of [ada, bob]) await p.has(all);
  await ada.page.click('#show');
  assert.deepEqual(await ada.do(() => [...document.querySelectorAll('#history li')].map((e) => e.textContent)), ['ada: before', 'bob: meanwhile', 'ada: late 1', 'ada: late 2']);
  await ada.page.click('#clear');
  assert.equal(await ada.do(() => document.querySelectorAll('#history li').length), 0);
  const times = await bob.do(() => [...document.querySelectorAll('#messages li')].map((e) => Number(e.dataset.at)));
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.deepEqual(await ada.do(() => said.filter((s) => s.startsWith('Connected'))), ['Connected']);
  silent();
});

test('A: the sixth message in a second is refused with an error that says so; data and presence are shared', async () => {
  const [ada, bob] = [await open('/room?user=ada&room=limits'), await open('/room?user=bob&room=limits')];
  await until('both in the room', async () => (await ada.do(() => controller.getParticipants().length)) === 2);
  const outcomes = await ada.do(() => Promise.all(Array.from({ length: 6 }, (_, i) => controller.sendChatMessage(`${i}`).then(() => 'sent', (e) => [e.code, e.message]))));
  assert.deepEqual(outcomes.slice(0, 5), Array(5).fill('sent'));
  assert.equal(outcomes[5][0], 'rate_limited');
  assert.match(outcomes[5][1], /more than 5 messages a second: wait \d+ ms/);
  await bob.has(['0', '1', '2', '3', '4']);
  await ada.do(() => controller.setData('topic', 'Lunch'));
  await bob.shows('#topic', 'Lunch');
  await ada.page.close();
  await bob.until('ada to be gone', () => JSON.parse(document.querySelector('#people').textContent).ada?.status === 'offline');
  const { lastSeen } = await bob.until('when', async () => { const p = await controller.getPresence('ada'); return p.lastSeen && p; });
  assert.ok(Math.abs(lastSeen - Date.now()) < 60000, `last seen ${lastSeen}`);
});

test('A: with a publishable key, at a server that believes nobody', async () => {
  const made = await fetch(`${strict.url}/v1/keys`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await strict.secretKey()}` }, body: JSON.stringify({ kind: 'publishable' }),
  });
  const { key } = await made.json();
  const [ada, bob] = [await open(`/room?apiKey=${key}&name=Ada`, strict), await open(`/room?apiKey=${key}&name=Bob`, strict)];
  for (const p of [ada, bob]) await p.shows('#status', 'Connected');
  await until('both in the room', async () => (await ada.do(() => controller.getParticipants().length)) === 2);
  await ada.say('hello');
  await bob.has(['hello']);
  assert.deepEqual(await bob.do(() => [client.isConnected, controller.getChatHistory()[0].userName]), [true, 'Ada']);
  const stranger = await open('/room?apiKey=your-api-key', strict);
  await stranger.shows('#status', 'Disconnected');
});

test('A: listeners do not add up: of 100 that came and went none is kept, and each message is told once', async () => {
  const ada = await open('/room?user=ada&room=leaks');
  await ada.shows('#status', 'Connected');
  await ada.do(() => {
    globalThis.heard = 0;
    globalThis.gone = [];
    for (let i = 0; i < 100; i++) {
      for (const on of ['onChatMessage', 'onConnected', 'onDataChange', 'onTypingIndicator', 'onPresence']) {
        const listener = () => { heard++; };
        controller[on](listener)();
        gone.push(new WeakRef(listener));
      }
    }
    controller.onChatMessage(() => { heard++; });
  });
  await ada.say('once');
  await ada.has(['once']);
  assert.equal(await ada.do(() => heard), 1);
  await ada.until('all to be collected', () => { gc(); return gone.every((ref) => ref.deref() === undefined); });
});

test('C5: a component over a raw WebSocket talks at the door of rooms, and comes back', async () => {
  const [ada, bob] = [await open('/socket?user=user1&name=Ada'), await open('/socket?user=user2&name=Bob')];
  for (const p of [ada, bob]) {
    await p.shows('#state', 'connected');
    await p.shows('#room', 'inside'); // what is said before is not brought
  }
  await ada.say('one');
  for (const p of [ada, bob]) await p.has(['one']);
  for (const p of [ada, bob]) {
    const { passed } = p.site;
    p.site.cut();
    await until('another connection', () => p.site.passed > passed);
    await p.shows('#status', 'Connected');
    await p.shows('#room', 'inside');
  }
  await bob.say('two');
  for (const p of [ada, bob]) await p.has(['one', 'two']);
  await ada.page.click('#off');
  await ada.shows('#state', 'disconnected');
  await ada.page.click('#on');
  await ada.shows('#state', 'connected');
});

test('D: a component with a token joins when it is let in, has the history, and shows each message once', async () => {
  const mint = async (userId) => (await (await fetch(`${strict.url}/auth/token`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await strict.secretKey()}` }, body: JSON.stringify({ userId }),
  })).json()).tsToken;
  const openAs = async (user) => open(`/channel#token=${await mint(user)}`, strict);
  const ada = await openAs('ada');
  await ada.until('her', () => clients.at(-1).isConnected);
  await ada.say('one');
  const bob = await openAs('bob');
  await bob.has(['one']);
  await bob.page.locator('#draft').pressSequentially('tw');
  await ada.shows('#typing', 'bob');
  await bob.say('two');
  for (const p of [ada, bob]) await p.has(['one', 'two']);
  const sent = await bob.do(() => window.sent);
  assert.deepEqual([sent.channelId, sent.senderId, sent.text, sent.seq, sent.clientAck], ['room-123', 'bob', 'two', 2, true]);
  bob.offline();
  await bob.until('to be out', () => !clients.at(-1).isConnected);
  await ada.say('three');
  const id = await ada.do(async () => {
    const [first, , third] = await clients.at(-1).getHistory('room-123', {});
    await clients.at(-1).editMessage('room-123', third.id, 'three, edited');
    await clients.at(-1).deleteMessage('room-123', first.id);
    return third.id;
  });
  bob.online();
  await bob.until('the others', () => document.querySelectorAll('#messages .text').length === 2 && document.querySelector('#messages').textContent.includes('edited'));
  for (const p of [ada, bob]) assert.deepEqual(await p.texts(), ['two', 'three, edited']);
  const rest = await bob.do(async (id) => {
    const c = clients.at(-1);
    const cursor = await c.ackRead('room-123', id);
    return [cursor.read, (await c.getEventsSince(2)).map((e) => e.type)];
  }, id);
  assert.deepEqual(rest, [3, ['message', 'message.update', 'message.delete']]);
  silent();
});

// there waits until a conversation is live.
async function there(p) {
  await p.until('the client', () => window.client?.isConnected);
  await p.do(() => client.core.joinChannel(client.conversationId));
}

test('E: messages are shown at once, acknowledged, delivered, and read when they come into view', async () => {
  const ada = await open('/conversation?user=ada&conversation=read');
  const bob = await open('/conversation?user=bob&conversation=read');
  await Promise.all([ada, bob].map(there));
  await until('the typing to be told', async () => {
    await bob.page.locator('#draft').pressSequentially('x');
    return (await ada.do(() => document.querySelector('#typing').textContent)) === 'bob';
  });
  await bob.page.locator('#draft').fill('');
  await ada.shows('#typing', '');
  await ada.say('seen');
  await bob.has(['seen']);
  await ada.until('the sign', () => document.querySelector('.own .status')?.textContent === '✓✓ read');
  const [message] = await server.messages('read');
  const told = await ada.do(() => statuses);
  assert.ok(told.some((s) => s.messageId === message.id && s.status === 'read'), JSON.stringify(told));
  assert.deepEqual(told.filter((s) => s.reader), [{ reader: 'bob', messageId: message.id }]);
  const times = await ada.do((id) => client.receipts.getStatus(id), message.id);
  assert.ok(times.sent && times.read);
  silent();
});

test('E: what is out of view is not read until it is scrolled to', async () => {
  const ada = await open('/conversation?user=ada&conversation=scroll');
  const bob = await open('/conversation?user=bob&conversation=scroll');
  await bob.do(() => { document.querySelector('#root').style.cssText = 'height:150px;overflow:auto'; });
  await Promise.all([ada, bob].map(there));
  const texts = Array.from({ length: 12 }, (_, i) => `${i}`);
  for (const text of texts) await ada.say(text);
  await bob.has(texts);
  const signs = () => ada.do(() => [...document.querySelectorAll('.own .status')].map((e) => e.textContent));
  await until('the first to be read', async () => (await signs())[0] === '✓✓ read');
  assert.notEqual((await signs())[11], '✓✓ read');
  await bob.do(() => document.querySelector('#messages li:last-child').scrollIntoView());
  await until('all to be read', async () => (await signs()).every((s) => s === '✓✓ read'));
});

test('E: who is watched for is seen once: those that come later, those whose id changes, none that left', async () => {
  const ada = await open('/conversation?user=ada&conversation=seen');
  const seen = (ids) => ada.until(ids.join(), (want) => JSON.stringify(seen) === want, JSON.stringify(ids));
  await ada.do(() => {
    document.body.innerHTML = '<div id="list"><p data-message-id="0">0</p></div>';
    globalThis.seen = [];
    globalThis.stop = watchVisibleMessages((id) => seen.push(id), { root: document.querySelector('#list') });
    globalThis.add = (id, style = '') => { document.querySelector('#list').insertAdjacentHTML('beforeend', `<p data-message-id="${id}" style="${style}">${id}</p>`); };
  });
  await seen(['0']);
  await ada.do(() => { add('temp-1'); add('far', 'position:absolute;top:5000px'); add('left'); document.querySelector('[data-message-id=left]').remove(); });
  await seen(['0', 'temp-1']);
  await ada.do(() => { document.querySelector('[data-message-id=temp-1]').setAttribute('data-message-id', '1'); });
  await seen(['0', 'temp-1', '1']);
  await ada.do(() => { document.querySelector('[data-message-id=far]').scrollIntoView(); });
  await seen(['0', 'temp-1', '1', 'far']);
  await ada.do(() => { stop(); scrollTo(0, 0); add('after'); document.querySelector('[data-message-id="0"]').scrollIntoView(); });
  await ada.do(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await seen(['0', 'temp-1', '1', 'far']);
});

test('E: what is written without a network waits, is sent once, in order; numbers have no holes', async () => {
  const ada = await open('/conversation?user=ada&conversation=away');
  const bob = await open('/conversation?user=bob&conversation=away');
  await Promise.all([ada, bob].map(there));
  await ada.say('0');
  await bob.has(['0']);
  ada.offline();
  await ada.until('to be out', () => !client.isConnected);
  for (const text of ['1', '2', '3']) await ada.say(text);
  await ada.has(['0', '1', '2', '3']);
  assert.deepEqual(await ada.do(() => [...document.querySelectorAll('.own .status')].slice(1).map((e) => e.textContent)), Array(3).fill('…'));
  ada.online();
  await bob.has(['0', '1', '2', '3']);
  await ada.until('the acknowledgements', () => [...document.querySelectorAll('.own .status')].every((e) => e.textContent.startsWith('✓')));
  assert.deepEqual(await ada.texts(), ['0', '1', '2', '3']);
  assert.deepEqual((await server.messages('away')).map((m) => [m.sequence, m.text]), [[0, '0'], [1, '1'], [2, '2'], [3, '3']]);
  const order = await bob.do(async () => {
    const ordering = new MessageOrdering();
    const { messages } = await client.getMissing({ from: 0, to: 3 });
    for (const i of [2, 0, 3]) ordering.addMessage(messages[i]);
    const hole = ordering.requestMissingMessages();
    for (const m of (await client.getMissing(hole)).messages) ordering.addMessage(m);
    return [hole, ordering.hasMissingMessages(), ordering.getMessages().map((m) => m.text)];
  });
  assert.deepEqual(order, [{ from: 1, to: 1 }, false, ['0', '1', '2', '3']]);
  silent();
});

test('E: two tabs of one user show each message once, whichever sent it', async () => {
  const bob = await open('/conversation?user=bob&conversation=tabs');
  const one = await open('/conversation?user=ada&conversation=tabs');
  const two = await one.tab('/conversation?user=ada&conversation=tabs');
  await Promise.all([bob, one, two].map(there));
  const all = ['from one', 'from two', 'from bob', 'from one again'];
  for (const [i, from] of [one, two, bob, one].entries()) {
    await from.say(all[i]);
    for (const p of [one, two, bob]) await p.has(all.slice(0, i + 1));
  }
  for (const p of [one, two]) await p.until('all to be read', () => [...document.querySelectorAll('.own .status')].every((e) => e.textContent === '✓✓ read'));
  assert.deepEqual((await server.messages('tabs')).map((m) => m.text), all);
  silent();
});

test('E: a file is uploaded with progress, shared, and can be had by the other', async () => {
  const ada = await open('/conversation?user=ada&conversation=files');
  const bob = await open('/conversation?user=bob&conversation=files');
  await Promise.all([ada, bob].map(there));
  const content = Buffer.alloc(3_000_000, 'abcdefg');
  await ada.page.setInputFiles('#file', { name: 'plan.txt', mimeType: 'text/plain', buffer: content });
  await bob.shows('.file', 'plan.txt (3000000)');
  const progress = await ada.do(() => progress);
  assert.ok(progress.length > 0 && progress.at(-1) === 100, progress.join());
  assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
  const got = await bob.do(async () => (await (await fetch(document.querySelector('.file').href)).blob()).size);
  assert.equal(got, content.length);
  silent();
});
