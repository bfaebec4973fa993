// The README's first five minutes, as a script.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
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
  const context = await browser.newContext({ viewport: { width: 1200, height: 6000 } }); // all messages are in sight
  const ada = await ChatPage.open(context, server.url, 'Ada', { channel: 'general' });
  const bob = await ChatPage.open(context, server.url, 'Bob', { channel: 'general' });
  const here = (chat, n) => chat.page.getByRole('button', { name: `Members: ${n} here` }).waitFor();
  const row = (chat, text) => chat.list.getByRole('article').filter({ hasText: text }).last();

  await t.test('each sees the other', () => Promise.all([here(ada, 2), here(bob, 2)]));

  await t.test('typing is seen while it lasts, messages are seen and read', async () => {
    await ada.composer.pressSequentially('hel');
    await bob.page.getByText('Ada is typing…').waitFor();
    await ada.say('hello from Ada');
    await bob.shows('hello from Ada');
    await bob.page.getByText('Ada is typing…').waitFor({ state: 'detached' });
    await bob.page.bringToFront(); // who does not look does not read
    await row(ada, 'hello from Ada').getByText('Read').waitFor({ state: 'attached' });
  });

  await t.test('an edit and a deletion reach the other', async () => {
    await bob.say('an eror');
    await row(bob, 'an eror').getByText(/^(Sent|Delivered|Read)$/).waitFor({ state: 'attached' });
    await bob.composer.press('ArrowUp');
    await row(bob, 'an eror').getByRole('textbox').fill('an error');
    await row(bob, 'an error').getByRole('textbox').press('Enter');
    await ada.shows('an error');
    await ada.page.bringToFront(); // a mouse moves slowly over a tab that is behind
    await ada.say('to be deleted');
    await bob.shows('to be deleted');
    await row(ada, 'to be deleted').hover();
    await row(ada, 'to be deleted').getByRole('button', { name: 'More' }).click();
    await ada.page.getByRole('menuitem', { name: 'Delete' }).click();
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await bob.list.getByText('This message was deleted.').waitFor();
  });

  await t.test('the server is killed in mid-sentence and started again', async () => {
    const told = [];
    const talk = async (chat, name, from, to) => {
      for (let i = from; i < to; i++) {
        told.push(`${name} ${i}`);
        await chat.say(`${name} ${i}`);
      }
    };
    const before = (await server.messages('general')).length;
    const talking = Promise.all([talk(ada, 'ada', 0, 8), talk(bob, 'bob', 0, 8)]);
    await until('some of it', async () => (await bob.texts()).includes('ada 3'));
    await server.kill();
    await talking;
    await Promise.all([ada, bob].map((chat) => chat.banner.waitFor()));
    await talk(ada, 'ada', 8, 10);
    await talk(bob, 'bob', 8, 10);
    await server.run();
    for (const chat of [ada, bob]) await chat.banner.waitFor({ state: 'detached' }); // by themselves, without a reload
    await until('an empty outbox', async () => (await server.messages('general')).length === before + told.length);
    const log = (await server.messages('general')).slice(before).map((m) => m.text);
    for (const chat of [ada, bob]) await until('everything, in the order of the log', async () => (await chat.texts()).slice(before).join('|') === log.join('|'));
    for (const name of ['ada', 'bob']) {
      const of = (list) => list.filter((text) => text.startsWith(name + ' '));
      assert.deepEqual(of(log), of(told), `what ${name} said, each once and in order`);
    }
    await Promise.all([here(ada, 2), here(bob, 2)]);
  });

  await t.test('a tab that is closed is seen to leave', async () => {
    await bob.page.close();
    await here(ada, 1);
  });

  assert.deepEqual([...ada.errors, ...bob.errors], []);
  await context.close();
});
