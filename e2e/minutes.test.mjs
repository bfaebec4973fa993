// The README's first five minutes, as a script.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { Tab, launch } from './browser.mjs';
import { Server, parley, until } from './server.mjs';

const exec = promisify(execFile);
let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

test('curl posts a message, once however often, and reads it back', async () => {
  const messages = `${server.url}/v1/channels/hello/messages?userId=ada`;
  const post = ['-sS', '-X', 'POST', messages, '-H', 'Content-Type: application/json', '-d', '{"text": "hello", "nonce": "first"}'];
  const first = JSON.parse((await exec('curl', post)).stdout);
  const again = JSON.parse((await exec('curl', post)).stdout);
  assert.equal(first.text, 'hello');
  assert.equal(again.id, first.id);
  const page = JSON.parse((await exec('curl', ['-sS', messages])).stdout);
  assert.deepEqual(page.messages.map((m) => [m.senderId, m.text, m.seq]), [['ada', 'hello', 1]]);
});

test('a plain WebSocket client talks with a page of curl', async () => {
  const ws = new WebSocket(server.url.replace('http', 'ws') + '/v1/ws?userId=cy', 'parley.v1.json');
  const frames = [];
  ws.on('message', (data) => frames.push(JSON.parse(data)));
  const frame = (type) => until(type, () => frames.find((f) => f.type === type));
  await once(ws, 'open');
  ws.send(JSON.stringify({ type: 'subscribe', ref: 1, channelId: 'hello' }));
  await frame('level');
  ws.send(JSON.stringify({ type: 'publish', ref: 2, channelId: 'hello', text: 'hi', nonce: 'second' }));
  const [ack, message] = [await frame('ack'), await frame('message')];
  assert.deepEqual([ack.ref, ack.seq, message.seq, message.text, message.senderId], [2, 2, 2, 'hi', 'cy']);
  ws.close();
  await once(ws, 'close');
});

test('the terminal client posts from a pipe and shows the past', async () => {
  const p = spawn(parley, ['chat', 'hello', '--url', server.url, '--user', 'ben'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  p.stdout.on('data', (d) => { out += d; });
  p.stdin.end('from a pipe\nand again\n');
  const [code] = await once(p, 'close');
  assert.equal(code, 0);
  assert.deepEqual(out.trim().split('\n').map((l) => l.slice(6)), ['ada  hello', 'cy  hi', 'ben  from a pipe ✓', 'ben  and again ✓']);
});

test('two tabs talk, see each other, and go on after kill -9 with nothing lost, doubled or out of order', async (t) => {
  const context = await browser.newContext();
  const ada = await Tab.open(context, server.url, 'Ada');
  const bob = await Tab.open(context, server.url, 'Bob');

  await t.test('each sees the other', async () => {
    await until('Ada to see Bob', async () => (await ada.people()).join() === 'Ada (you),Bob');
    await until('Bob to see Ada', async () => (await bob.people()).join() === 'Bob (you),Ada');
  });

  await t.test('typing is seen while it lasts, messages are seen and read', async () => {
    await ada.page.locator('#input').pressSequentially('hel');
    await bob.until('Ada to type', () => document.querySelector('#typing').textContent === 'Ada is typing');
    await ada.say('hello from Ada');
    await bob.shows('hello from Ada');
    await bob.until('Ada to stop', () => !document.querySelector('#typing').textContent);
    await ada.until('the tick of who has read', () => document.querySelector('#log .tick.read'));
  });

  await t.test('an edit and a deletion reach the other', async () => {
    await bob.say('an eror');
    await bob.shows('an eror');
    await bob.page.press('#input', 'ArrowUp');
    await bob.page.fill('#input', 'an error');
    await bob.page.press('#input', 'Enter');
    await ada.shows('an error(edited)');
    await ada.say('to be deleted');
    await ada.shows('to be deleted');
    await ada.page.bringToFront(); // a mouse moves slowly over a tab that is behind
    await ada.page.hover('#log > li:last-child .message');
    await ada.page.click('#log > li:last-child button[aria-label="Delete"]');
    await ada.page.click('#sure-yes');
    await bob.shows('This message was deleted.');
  });

  await t.test('the server is killed in mid-sentence and started again', async () => {
    const told = [];
    const talk = async (tab, name, from, to) => {
      for (let i = from; i < to; i++) {
        told.push(`${name} ${i}`);
        await tab.say(`${name} ${i}`);
      }
    };
    const talking = Promise.all([talk(ada, 'ada', 0, 12), talk(bob, 'bob', 0, 12)]);
    await until('some of it', async () => (await bob.texts()).includes('ada 3'));
    await server.kill();
    await talking;
    await Promise.all([ada, bob].map((tab) => tab.until('the bad news', () => !document.querySelector('#offline').hidden)));
    await Promise.all([talk(ada, 'ada', 12, 14), talk(bob, 'bob', 12, 14)]);
    await server.run();
    await ada.page.evaluate(() => document.querySelector('#retry').click()); // Bob comes back by himself
    for (const tab of [ada, bob]) {
      await tab.up();
      await tab.until('an empty outbox', () => outbox.length === 0);
    }
    const log = await server.messages('general');
    const seqs = log.map((m) => m.seq);
    for (const tab of [ada, bob]) {
      await until('everything', async () => (await tab.seqs()).at(-1) === seqs.at(-1));
      assert.deepEqual(await tab.seqs(), seqs);
      assert.deepEqual((await tab.texts()).slice(3), log.slice(3).map((m) => m.text));
    }
    for (const name of ['ada', 'bob']) {
      const of = (list) => list.filter((text) => text.startsWith(name + ' '));
      assert.deepEqual(of(log.map((m) => m.text ?? '')), of(told), `what ${name} said, each once and in order`);
    }
    await until('both to be here again', async () => (await ada.people()).length === 2 && (await bob.people()).length === 2);
  });

  await t.test('a tab that is closed is seen to leave', async () => {
    await bob.page.close();
    await until('Bob to leave', async () => (await ada.people()).join() === 'Ada (you)');
  });

  assert.deepEqual([...ada.errors, ...bob.errors], []);
  await context.close();
});
