// Search in the chat: finding, going there, and nothing that one may not read.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Server, until } from './server.mjs';

let server, browser, axe;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// asked is a request of REST as somebody.
async function asked(user, method, path, body) {
  const at = new URL(path, server.url);
  at.searchParams.set('userId', user);
  const r = await fetch(at, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status}`);
  return r.status === 204 ? null : r.json();
}

const post = (user, channel, text) => asked(user, 'POST', `/v1/channels/${channel}/messages`, { text });
const found = async (user, q) => (await asked(user, 'GET', `/v1/search?q=${encodeURIComponent(q)}`)).messages;

// open is the search of somebody who signs in.
async function open(name, { channel = 'general', ...options } = {}) {
  const context = await browser.newContext(options);
  const chat = await ChatPage.open(context, server.url, name, { channel });
  const { page } = chat;
  const main = page.getByRole('main');
  return {
    chat,
    page,
    main,
    box: main.getByRole('searchbox', { name: 'Search messages' }),
    results: main.getByRole('listitem').filter({ has: page.getByRole('time') }),
    status: main.getByRole('status'),
    look: async (query) => {
      await page.evaluate((hash) => { location.hash = hash; }, '#/search');
      await main.getByRole('searchbox').fill(query);
    },
  };
}

const findings = (page) => page.evaluate(async () => (await window.axe.run()).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`));

test('what is looked for is found, marked, and gone to by the keyboard', { timeout: 120000 }, async () => {
  const wanted = await post('ben', 'garden', 'The café by the lake opens at nine');
  await post('ben', 'garden', 'Bring a blanket');
  await post('cy', 'kitchen', 'No café here');
  await until('it in the index', async () => (await found('ada', '"cafe by the la')).length === 1);
  const { chat, page, main, box } = await open('ada');
  await chat.sidebar.getByRole('link', { name: 'Search messages' }).click();
  await box.waitFor();
  assert.ok(await box.evaluate((el) => el === document.activeElement), 'the box has the focus');
  await box.pressSequentially('"cafe by the la');
  await main.getByRole('heading', { name: '#garden' }).waitFor();
  const result = main.getByRole('link').filter({ hasText: 'opens at nine' });
  assert.deepEqual(await result.locator('mark').allTextContents(), ['café by the lake']);
  assert.equal(await main.getByText('No café here').count(), 0);
  await until('the address to say it', () => page.evaluate(() => location.hash.startsWith('#/search?q=')));
  await page.keyboard.press('ArrowDown');
  assert.ok(await result.evaluate((el) => el === document.activeElement), 'an arrow goes to the first result');
  await page.keyboard.press('ArrowUp');
  assert.ok(await box.evaluate((el) => el === document.activeElement), 'and back');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await chat.up();
  assert.equal(await page.evaluate(() => location.hash), `#/c/garden/m/${wanted.id}`);
  await chat.shows('The café by the lake opens at nine');
  await page.goBack();
  await result.waitFor();
  assert.equal(await box.inputValue(), '"cafe by the la');
  assert.deepEqual(chat.errors, []);
});

test('edits are found as they now are, deleted messages and those of others not at all', { timeout: 120000 }, async () => {
  await asked('ben', 'PUT', '/v1/channels/hidden', { kind: 'private' }).catch(() => null);
  const edited = await post('ben', 'general', 'heliotrope first');
  const deleted = await post('ben', 'general', 'heliotrope second');
  await asked('ben', 'POST', `/v1/channels/${encodeURIComponent('dm:ben:cy')}/messages`, { text: 'heliotrope between us' });
  await until('all of it', async () => (await found('ben', 'heliotrope')).length === 3);
  const { chat, main, look, status } = await open('ada');
  await look('heliotrope');
  await main.getByText('heliotrope first').waitFor();
  await status.filter({ hasText: '2 messages found' }).waitFor();
  await asked('ben', 'PATCH', `/v1/channels/general/messages/${edited.id}`, { text: 'periwinkle' });
  await asked('ben', 'DELETE', `/v1/channels/general/messages/${deleted.id}`);
  assert.deepEqual(await found('ada', 'heliotrope'), [], 'at once');
  await look('heliotrope ');
  await main.getByText('Nothing was found.').waitFor();
  await until('the edit in the index', async () => (await found('ada', 'periwinkle')).length === 1); // the page asks once
  await look('periwinkle');
  await main.getByRole('link').filter({ hasText: 'periwinkle' }).waitFor();
  assert.deepEqual(chat.errors, []);
});

test('there is more than a page, what cannot be asked is explained, and markup stays text', { timeout: 120000 }, async () => {
  const payload = '<img src=x onerror="window.hurt=1"> marigold';
  await asked('ben', 'POST', '/v1/channels/many/messages/batch', { messages: Array.from({ length: 45 }, (_, i) => ({ text: `marigold ${i}` })) });
  await post('ben', 'many', payload);
  await until('all of it', async () => (await found('ada', `"onerror" marigold`)).length === 1);
  const { chat, page, main, look, results } = await open('ada');
  await look('marigold');
  await until('a page', async () => (await results.count()) === 20);
  await main.getByText(payload).waitFor();
  await main.getByRole('button', { name: 'Show more' }).click();
  await until('two pages', async () => (await results.count()) === 40);
  await main.getByRole('button', { name: 'Show more' }).click();
  await until('all', async () => (await results.count()) === 46);
  assert.equal(await main.getByRole('button', { name: 'Show more' }).count(), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  await look('has:video');
  await main.getByRole('alert').filter({ hasText: 'cannot be searched for' }).waitFor();
  await look('');
  await main.getByRole('button', { name: /from:ada/ }).click();
  assert.equal(await main.getByRole('searchbox').inputValue(), 'from:ada');
  chat.errors = chat.errors.filter((e) => !e.includes('400')); // the browser's line on the refusal
  assert.deepEqual(chat.errors, []);
});

test('axe has no findings on the search, on a desk and on a phone, light and dark', { timeout: 120000 }, async () => {
  for (const text of ['Violets for the terrace, and the invoice is at https://example.com/invoice', 'violets, again', '菫 violets そして']) await post('ben', 'terrace', text);
  await post('cy', 'general', `${'A long story. '.repeat(40)} violets at last, ${'and more of it. '.repeat(20)}`);
  await until('all of it', async () => (await found('ada', 'violets')).length === 4);
  const shots = process.env.PARLEY_SHOTS; // a folder: pictures to look at
  if (shots) await mkdir(shots, { recursive: true });
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    const { chat, page, main, look, results } = await open('ada', { viewport: { width, height } });
    await page.evaluate(axe);
    for (const [state, query] of [['empty', ''], ['found', 'violets'], ['none', 'nothingofthesort '], ['refused', 'before:tomorrow']]) {
      await look(query);
      if (state === 'found') await until('four', async () => (await results.count()) === 4);
      if (state === 'none') await main.getByText('Nothing was found.').waitFor();
      if (state === 'refused') await main.getByRole('alert').waitFor();
      for (const theme of shots ? ['light', 'dark'] : [width > 720 ? 'light' : 'dark']) { // colours do not depend on the width
        await chat.themed(theme);
        assert.deepEqual(await findings(page), [], `${state}, ${width}, ${theme}`);
        if (shots) await page.screenshot({ path: join(shots, `${state}-${width}-${theme}.png`) });
      }
    }
    await page.context().close();
  }
});
