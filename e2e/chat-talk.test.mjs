// What people do with messages, in two and three browsers.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Server, until } from './server.mjs';
import { attacks } from './attacks.mjs';

let server, browser;
const contexts = [];

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

// open has somebody look at a channel, in a browser of their own.
async function open(name, channel, { width = 1440, height = 900, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height } });
  contexts.push(context);
  return ChatPage.open(context, server.url, name, { channel, ...more });
}

async function close(...chats) {
  for (const chat of chats) {
    assert.deepEqual(chat.errors, []);
    await chat.page.context().close();
  }
}

// post sends messages by REST, in batches, in order.
async function post(channel, texts, user = 'eve', { at = 0, more = {} } = {}) {
  for (let i = at; i < texts.length; i += 100) {
    const messages = texts.slice(i, i + 100).map((text) => ({ text, ...more }));
    const r = await rest('POST', `/v1/channels/${encodeURIComponent(channel)}/messages/batch`, user, { messages });
    assert.ok(r.results.every((result) => result.message), JSON.stringify(r.results.find((result) => result.error)));
  }
}

async function rest(method, path, user, body) {
  const r = await fetch(`${server.url}${path}${path.includes('?') ? '&' : '?'}userId=${encodeURIComponent(user)}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status}`);
  return r.json();
}

const row = (chat, text, list = chat.list) => list.getByRole('article').filter({ hasText: text }).last();

// act does something with a message by the buttons that come when it is pointed at.
async function act(chat, text, button, list) {
  const at = row(chat, text, list);
  await at.hover({ position: { x: 20, y: 12 } }); // another's buttons may hang over its middle
  await at.getByRole('toolbar').getByRole('button', { name: button, exact: true }).click();
}

async function more(chat, text, item, list) {
  await act(chat, text, 'More', list);
  await chat.page.getByRole('menuitem', { name: item, exact: true }).click();
}

const thread = (chat) => chat.page.getByRole('region', { name: 'Thread' });

test('two people talk, see each other type, and see how far their messages have come', async () => {
  const [ada, ben] = await Promise.all([open('ada', 'talk'), open('ben', 'talk')]);
  await ada.say('Hello, **Ben**');
  await ben.list.getByText('Hello,').waitFor();
  await ben.composer.pressSequentially('Hi');
  await ada.page.getByText('ben is typing…').waitFor();
  await ben.composer.press('Enter');
  await ada.shows('Hi');
  await ada.page.getByText('ben is typing…').waitFor({ state: 'detached' });
  await row(ada, 'Hello,').getByText('Read').waitFor({ state: 'attached' });
  await row(ben, 'Hi').getByText('Read').waitFor({ state: 'attached' });
  assert.equal(await row(ben, 'Hello,').locator('strong').textContent(), 'Ben');
  await ben.composer.fill('one\ntwo');
  await ben.composer.press('Enter');
  await ada.list.getByText('one two').waitFor();
  await close(ada, ben);
});

test('what is sent to somebody who looks elsewhere is delivered, and new when they come back', async () => {
  const [ada, ben] = await Promise.all([open('ada', 'ticks'), open('ben', 'ticks')]);
  await ada.say('first');
  await ben.shows('first');
  await ben.page.evaluate(() => {
    Object.defineProperty(document, 'hasFocus', { value: () => false, configurable: true });
    dispatchEvent(new Event('blur'));
  });
  await ada.say('are you there?');
  await row(ada, 'are you there?').getByText('Delivered').waitFor({ state: 'attached' });
  await ben.shows('are you there?');
  assert.equal(await row(ben, 'are you there?').getByText('New', { exact: true }).count(), 1);
  assert.equal(await row(ada, 'are you there?').getByText('Read').count(), 0);
  await ben.page.evaluate(() => {
    delete document.hasFocus;
    dispatchEvent(new Event('focus'));
  });
  await row(ada, 'are you there?').getByText('Read').waitFor({ state: 'attached' });
  await close(ada, ben);
});

test('who comes back to much that is new begins with the first of it, and can go to the last', async () => {
  const texts = Array.from({ length: 200 }, (_, i) => `number ${i}.`);
  await post('back', texts.slice(0, 20));
  const { messages } = await rest('GET', '/v1/channels/back/messages', 'ben');
  await rest('PUT', '/v1/channels/back/members/ben', 'ben', { role: 'member' });
  await rest('PUT', '/v1/channels/back/cursors/ben', 'ben', { read: messages.at(-1).seq });
  await post('back', texts, 'eve', { at: 20 });
  const ben = await open('ben', 'back', { width: 390, height: 844 });
  await row(ben, 'number 20.').getByText('New', { exact: true }).waitFor();
  assert.equal(await row(ben, 'number 199.').count(), 0);
  await rest('PUT', `/v1/channels/back/messages/${messages[3].id}/pin`, 'ben');
  await ben.page.getByRole('button', { name: /new message|To the present/ }).click();
  await row(ben, 'number 199.').waitFor();
  // From the pins to a message that is not in the page; on a phone they go out of the way.
  await ben.page.getByRole('button', { name: '1 pinned message' }).click();
  await ben.page.getByRole('button', { name: 'Go to the message' }).click();
  await row(ben, 'number 3.').waitFor();
  assert.equal(await ben.page.getByRole('region', { name: 'Pinned messages' }).count(), 0);
  await close(ben);
});

test('messages are reacted to, edited, deleted, pinned and answered, and everybody sees it', async () => {
  for (const user of ['ada', 'ben']) await rest('PUT', `/v1/channels/acts/members/${user}`, user, { role: 'member' });
  const [ada, ben, cy] = await Promise.all([open('ada', 'acts'), open('ben', 'acts'), open('cy', 'acts', { width: 390, height: 844 })]);
  await ada.say('to react to');
  await ada.say('to be chnged');
  await ada.say('to be deleted');
  await ben.shows('to be deleted');

  await act(ben, 'to react to', 'React with 👍');
  await ada.list.getByRole('button', { name: '👍 1 by ben' }).click();
  await ben.list.getByRole('button', { name: '👍 2 by you, ada' }).click();
  await ada.list.getByRole('button', { name: '👍 1 by you', exact: true }).waitFor();
  await act(ben, 'to react to', 'React');
  await ben.page.getByRole('searchbox', { name: 'Find an emoji' }).fill('rocket');
  await ben.page.getByRole('button', { name: 'rocket' }).click();
  await ada.list.getByRole('button', { name: '🚀 1 by ben' }).waitFor();

  await more(ada, 'to be chnged', 'Edit');
  await ada.page.getByRole('textbox', { name: 'Edit the message' }).fill('is changed');
  await ada.page.keyboard.press('Enter');
  await ben.shows('is changed');
  await row(cy, 'is changed').getByText('edited').waitFor();

  await more(ada, 'to be deleted', 'Delete');
  await ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const chat of [ada, ben, cy]) await chat.shows('This message was deleted.');
  assert.equal(await ben.list.getByText('to be deleted').count(), 0);

  await more(ben, 'is changed', 'Pin');
  await ada.page.getByRole('button', { name: '1 pinned message' }).click();
  await ada.page.getByRole('region', { name: 'Pinned messages' }).getByText('is changed').waitFor();
  await ada.page.keyboard.press('Escape');

  await act(cy, 'to react to', 'Reply in a thread');
  await thread(cy).getByRole('textbox', { name: 'Reply' }).fill('an answer');
  await thread(cy).getByRole('textbox', { name: 'Reply' }).press('Enter');
  await ada.list.getByRole('button', { name: '1 reply' }).click();
  await thread(ada).getByText('an answer').waitFor();
  await thread(ada).getByRole('textbox', { name: 'Reply' }).fill('and another');
  await thread(ada).getByRole('textbox', { name: 'Reply' }).press('Enter');
  await thread(cy).getByText('and another').waitFor();
  await ben.list.getByRole('button', { name: '2 replies' }).waitFor();
  await ada.page.getByRole('region', { name: 'Thread' }).getByRole('button', { name: 'Close' }).click();
  await ada.until('the address to be the channel\'s', () => location.hash === '#/c/acts');
  await close(ada, ben, cy);
});

test('who is called by name is found while one types, and sees the call set off', async () => {
  const [ada, ben] = await Promise.all([open('ada', 'calls'), open('ben', 'calls')]);
  await ben.say('here');
  await ada.shows('here');
  await ada.composer.pressSequentially('hey @be');
  await ada.page.getByRole('option', { name: 'ben' }).waitFor();
  await ada.composer.press('Enter');
  await ada.composer.pressSequentially('look :rocke');
  await ada.page.getByRole('option', { name: ':rocket:' }).waitFor();
  await ada.composer.press('Tab');
  assert.equal(await ada.composer.inputValue(), 'hey @ben look 🚀 ');
  await ada.composer.press('Enter');
  await ben.list.getByText('@ben').waitFor();
  const { messages } = await rest('GET', '/v1/channels/calls/messages', 'ben');
  assert.deepEqual(messages.at(-1).mentions, ['ben']);
  await close(ada, ben);
});

test('a draft outlives the page, in its channel; Up in an empty composer edits the last message', async () => {
  const ada = await open('ada', 'drafts');
  const other = await ChatPage.open(ada.page.context(), server.url, 'ada', { channel: 'drafts' });
  await ada.composer.fill('not sent yet');
  await ada.go('elsewhere');
  await until('an empty composer', async () => (await ada.composer.inputValue()) === '');
  await other.go('elsewhere'); // nobody has written in that one
  await ada.go('drafts');
  await until('the draft', async () => (await ada.composer.inputValue()) === 'not sent yet');
  await ada.page.reload();
  await ada.up();
  await until('the draft again', async () => (await ada.composer.inputValue()) === 'not sent yet');
  await ada.composer.press('Enter');
  await row(ada, 'not sent yet').getByText(/^(Sent|Delivered|Read)$/).waitFor({ state: 'attached' });
  await ada.composer.press('ArrowUp');
  const edit = ada.page.getByRole('textbox', { name: 'Edit the message' });
  await edit.press('End');
  await edit.pressSequentially(', now it is');
  await edit.press('Enter');
  await ada.shows('not sent yet, now it is');
  await close(ada);
});

test('what cannot be sent stays, with the reason, to be sent again or thrown away', async () => {
  const ada = await open('ada', 'fails');
  await ada.composer.fill('x'.repeat(70_000));
  await ada.composer.press('Enter');
  await ada.list.getByText('Not sent. That is too large.').waitFor();
  await ada.list.getByRole('button', { name: 'Send again' }).click();
  await ada.list.getByText('Not sent. That is too large.').waitFor();
  await ada.list.getByRole('button', { name: 'Throw away' }).click();
  await ada.list.getByText('Nothing has been said here yet.').waitFor();
  await close(ada);
});

test('what others write is shown as text, and nothing else', async () => {
  await post('attacks', attacks);
  await rest('PUT', '/v1/channels/attacks/members/%3Cimg%20src%3Dx%3E', '<img src=x>', { role: 'member' });
  const ada = await open('ada', 'attacks', { height: 4000 });
  await ada.shows(attacks.at(-1));
  await ada.until('all of it', (n) => document.querySelectorAll('[role=feed] article').length === n, attacks.length);
  await ada.until('the markdown', () => document.querySelectorAll('[role=feed] strong').length > 0);
  const found = await ada.page.evaluate(() => {
    const known = new Set(['ARTICLE', 'DIV', 'P', 'SPAN', 'BDI', 'TIME', 'A', 'STRONG', 'EM', 'DEL', 'CODE', 'PRE', 'BR', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'SECTION', 'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'HR', 'svg', 'path', 'circle', 'BUTTON']);
    const all = [...document.querySelectorAll('[role=feed] *')];
    return {
      hacked: window.hacked,
      strange: all.filter((e) => !known.has(e.tagName) && !e.closest('svg')).map((e) => e.outerHTML),
      handlers: all.filter((e) => [...e.attributes].some((a) => a.name.startsWith('on') || a.name === 'srcdoc')).length,
      links: [...document.querySelectorAll('[role=feed] a')].map((a) => [new URL(a.href).protocol, a.rel, a.target, a.textContent]),
      frames: frames.length,
    };
  });
  assert.equal(found.hacked, undefined);
  assert.deepEqual(found.strange, []);
  assert.equal(found.handlers, 0);
  assert.equal(found.frames, 0);
  assert.ok(found.links.length > 0);
  for (const [protocol, rel, target, text] of found.links) {
    assert.match(protocol, /^(https?|mailto):$/, text);
    assert.equal(rel, 'noopener noreferrer nofollow ugc');
    assert.equal(target, '_blank');
  }
  await close(ada);
});

test('the arrows go from message to message, and keys do what the buttons do', async () => {
  await post('keys', ['one', 'two', 'three']);
  const ada = await open('ada', 'keys');
  await ada.shows('three');
  await ada.page.getByRole('feed', { name: 'All messages' }).focus();
  const focused = (text) => ada.until(`the focus on ${text}`, (t) => document.activeElement?.closest('article')?.textContent.includes(t), text);
  await focused('three');
  await ada.page.keyboard.press('ArrowUp');
  await focused('two');
  await ada.page.keyboard.press('Home');
  await focused('one');
  await ada.page.keyboard.press('r');
  await thread(ada).getByText('one').waitFor();
  await ada.page.keyboard.press('Escape');
  await thread(ada).waitFor({ state: 'detached' });
  await close(ada);
});

test('who came, who went and who rang stand among the messages', async () => {
  await rest('PUT', '/v1/channels/lines/members/ada', 'ada', { role: 'member' });
  await post('lines', ['before']);
  await rest('PUT', '/v1/channels/lines/members/ben', 'ben', { role: 'member' });
  await post('lines', ['after']);
  const ada = await open('ada', 'lines');
  await ada.list.getByText('You joined').waitFor();
  await ada.list.getByText('ben joined').waitFor();
  await rest('DELETE', '/v1/channels/lines/members/ben', 'ben');
  await ada.list.getByText('ben left').waitFor();
  const order = await ada.list.getByRole('article').allTextContents();
  assert.match(order.join(), /You joined.*before.*ben joined.*after.*ben left/s);
  await close(ada);
});

test('a hundred thousand messages: there and back, and nothing moves under the reader', async (t) => {
  const n = 100_000;
  const texts = Array.from({ length: n }, (_, i) => `message ${i} ${'and more of it '.repeat(i % 7)}`.trim());
  const begun = Date.now();
  const lanes = 4; // their order is no matter, but for the first and the last
  await post('many', texts.slice(0, 100));
  await Promise.all(Array.from({ length: lanes }, (_, lane) => {
    const size = (n - 200) / lanes;
    return post('many', texts.slice(100 + lane * size, 100 + (lane + 1) * size));
  }));
  await post('many', texts.slice(n - 100));
  t.diagnostic(`filled in ${Date.now() - begun} ms`);
  const { messages: [last] } = await rest('GET', '/v1/channels/many/messages?limit=1', 'ada');
  const { messages: [first] } = await rest('GET', '/v1/channels/many/messages?after=0&limit=1', 'ada');
  assert.equal(last.seq, n);

  const ada = await open('ada', 'many', { hash: `#/c/many/m/${first.id}` });
  await row(ada, 'message 0').waitFor();
  const { page } = ada;
  const inView = () => page.evaluate(() => {
    const feed = document.querySelector('[role=feed]');
    const { top, bottom } = feed.getBoundingClientRect();
    const rows = [...feed.querySelectorAll('article')].map((e) => ({ key: e.dataset.key, top: e.getBoundingClientRect().top, bottom: e.getBoundingClientRect().bottom }));
    return rows.filter((r) => r.bottom > top && r.top < bottom).sort((a, b) => a.top - b.top);
  });
  const feed = page.getByRole('feed', { name: 'All messages' });
  await feed.hover();
  // Down through some thousands of messages, with pages loaded on the way, and back up to the first.
  const held = () => feed.getByRole('article').last().getAttribute('aria-posinset').then(Number);
  const scroll = (by) => page.evaluate((by) => { document.querySelector('[role=feed]').scrollTop += by; }, by);
  await until('two thousand messages', async () => { await scroll(20_000); return (await held()) > 2000; }, 60_000);

  // Where nobody scrolls, nothing moves, whatever is measured, loaded or said.
  await settled(inView);
  const before = await inView();
  await post('many', ['and one more']);
  await page.waitForFunction(() => document.querySelector('[role=feed]').getAttribute('aria-busy') === 'false');
  const now = await inView();
  for (const { key, top } of now) {
    const was = before.find((r) => r.key === key);
    assert.ok(was && Math.abs(was.top - top) < 2, `${key} moved from ${was?.top} to ${top}`);
  }
  // Back to the top, then to the present.
  await until('the first again', async () => { await scroll(-30_000); return (await row(ada, 'message 0').count()) > 0 && (await inView())[0].key === first.id; }, 60_000);
  await page.getByRole('button', { name: /To the present|new message/ }).click();
  await row(ada, 'and one more').waitFor();
  // Older pages come above, and what is read stays where it is.
  const number = async () => Number((await feed.getByRole('article').first().textContent()).match(/message (\d+)/)[1]);
  await until('older ones', async () => { await scroll(-4_000); await settled(inView); return (await number()) < n - 300; }, 60_000);
  t.diagnostic(`all of it in ${Date.now() - begun} ms`);
  await close(ada);
});

test('in a flood the last message stays in view, and who goes up stays where they are', async () => {
  await post('flood', Array.from({ length: 60 }, (_, i) => `before ${i}`));
  const ada = await open('ada', 'flood');
  await ada.shows('before 59');
  const { page } = ada;
  await ada.say('mine');
  await row(ada, 'mine').getByText(/^(Sent|Delivered|Read)$/).waitFor({ state: 'attached' });
  await ada.composer.press('ArrowUp');
  const edit = page.getByRole('textbox', { name: 'Edit the message' });
  await edit.fill('mine, and better');
  await page.evaluate(() => {
    const feed = document.querySelector('[role=feed]');
    const far = globalThis.far = []; // how far the end was below what was painted
    const look = () => {
      far.push(feed.scrollHeight - feed.clientHeight - feed.scrollTop);
      const rows = [...feed.querySelectorAll('article')].map((e) => e.getBoundingClientRect().bottom);
      if (Math.max(...rows) < feed.getBoundingClientRect().bottom - 60) far.push(Infinity); // and there is nothing
    };
    const next = () => { const c = new MessageChannel(); c.port1.onmessage = look; c.port2.postMessage(0); requestAnimationFrame(next); };
    requestAnimationFrame(next);
  });
  for (let i = 0; i < 10; i++) await post('flood', Array.from({ length: 100 }, (_, k) => `flood ${i}.${k} ${'and more '.repeat((k * 7) % 40)}`));
  await row(ada, 'flood 9.99').waitFor();
  const far = await page.evaluate(() => globalThis.far.splice(0));
  assert.ok(far.length > 0 && Math.max(...far) <= 60, `the end was ${Math.max(...far)} pixels away`);

  let over = false;
  const flood = (async () => { for (let i = 0; !over; i++) await post('flood', [`on and on ${i}`]); })();
  flood.catch(() => {}); // the server of a test that failed
  const gone = () => page.evaluate(() => { const f = document.querySelector('[role=feed]'); return f.scrollHeight - f.clientHeight - f.scrollTop > 400; });
  await ada.list.hover();
  await until('the reader to come away', async () => { await page.mouse.wheel(0, -40); return gone(); });
  const top = (key) => page.evaluate((key) => document.querySelector(`[data-key="${key}"]`)?.getBoundingClientRect().top, key);
  const key = await page.evaluate(() => [...document.querySelectorAll('[role=feed] article')].find((e) => e.getBoundingClientRect().top > 200)?.dataset.key);
  await settled(() => top(key)); // the wheel
  const [before, { messages: [{ seq }] }] = [await top(key), await rest('GET', '/v1/channels/flood/messages?limit=1', 'ada')];
  await until('more', async () => (await rest('GET', '/v1/channels/flood/messages?limit=1', 'ada')).messages[0].seq > seq + 50);
  assert.equal(await top(key), before);
  over = true;
  await flood;
  await edit.press('Enter'); // it was not lost when it went out of view
  await until('the edit', async () => (await rest('GET', '/v1/channels/flood/messages?after=60&limit=1', 'ada')).messages[0].text === 'mine, and better');
  await close(ada);
});

// settled waits until what is in view stays where it is.
async function settled(inView) {
  let last = '';
  let same = 0;
  await until('the list to come to rest', async () => {
    const now = JSON.stringify(await inView());
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= 4;
  });
}

test('axe finds nothing, in either theme, wide and narrow', async () => {
  await rest('PUT', '/v1/channels/axe/members/ada', 'ada', { role: 'member' });
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await post('axe', ['Hello, **world**', '- a list\n- of two', '```\nconst code = 1;\n```', '| a | b |\n|---|---|\n| 1 | 2 |', '> quoted', 'See https://example.org/ and `this`']);
  await post('axe', ['hey @ada'], 'ben', { more: { mentions: ['ada'] } });
  const { messages: [{ id }] } = await rest('GET', '/v1/channels/axe/messages', 'ada');
  for (const user of ['ada', 'ben']) await rest('PUT', `/v1/channels/axe/messages/${id}/reactions/%F0%9F%91%8D`, user);
  await rest('PUT', `/v1/channels/axe/messages/${id}/pin`, 'ada');
  await Promise.all([[1440, 900], [390, 844]].map(async ([width, height]) => {
    const ada = await open('ada', 'axe', { width, height });
    const { page } = ada;
    await page.evaluate(axe);
    const check = async (state) => {
      for (const theme of process.env.SHOTS ? ['light', 'dark'] : [width > 720 ? 'light' : 'dark']) { // colours do not depend on the width
        await ada.themed(theme);
        const name = `${state}-${width}-${theme}`;
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
        const found = await page.evaluate(() => window.axe.run('main', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        assert.deepEqual(found.violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`), []);
      }
    };
    await ada.say(`mine, ${width}`);
    await row(ada, `mine, ${width}`).getByText(/^(Sent|Delivered|Read)$/).waitFor({ state: 'attached' });
    await ada.composer.pressSequentially('@b');
    await page.getByRole('option', { name: 'ben' }).waitFor();
    await row(ada, 'quoted').hover({ position: { x: 20, y: 12 } });
    await check('list');
    await ada.composer.fill('');
    await ada.composer.press('ArrowUp');
    await page.getByRole('textbox', { name: 'Edit the message' }).waitFor();
    await check('edit');
    await page.keyboard.press('Escape');
    await act(ada, 'quoted', 'React');
    await page.getByRole('searchbox', { name: 'Find an emoji' }).fill('rocket'); // all of them would take axe a minute
    await page.getByRole('button', { name: 'rocket' }).waitFor();
    await check('emoji');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click(); // Escape empties the search first
    await page.getByRole('button', { name: '1 pinned message' }).click();
    await page.getByRole('region', { name: 'Pinned messages' }).getByText('world').waitFor();
    await check('pins');
    await page.getByRole('region', { name: 'Pinned messages' }).getByRole('button', { name: 'Close' }).click();
    await act(ada, 'Hello,', 'Reply in a thread');
    await thread(ada).getByRole('textbox', { name: 'Reply' }).fill(`a reply, ${width}`);
    await thread(ada).getByRole('textbox', { name: 'Reply' }).press('Enter');
    await thread(ada).getByText(`a reply, ${width}`).waitFor();
    await check('thread');
    await close(ada);
  }));
});
