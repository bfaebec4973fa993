// What stands around the conversations: who one is, where one is, and how to
// get elsewhere; and what the page as a whole withstands.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Server, until } from './server.mjs';

// What the browser itself notes of a question that is answered with no.
const refusal = /^Failed to load resource: .* (401|403|404) /

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

async function open(name, { width = 1440, height = 900, phone = width < 720, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: phone, isMobile: phone });
  return ChatPage.open(context, server.url, name, more);
}

async function close(...chats) {
  for (const chat of chats) {
    assert.deepEqual(chat.errors.filter((e) => !refusal.test(e)), []);
    await chat.page.context().close();
  }
}

async function rest(method, path, user, body) {
  const r = await fetch(`${server.url}${path}?userId=${encodeURIComponent(user)}`, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status} ${r.ok ? '' : await r.text()}`);
  return r.status === 204 ? undefined : r.json();
}

const member = (channel, user, role = 'member') => rest('PUT', `/v1/channels/${encodeURIComponent(channel)}/members/${user}`, user, { role });
const post = (channel, user, text, more = {}) => rest('POST', `/v1/channels/${encodeURIComponent(channel)}/messages`, user, { text, ...more });
const menu = async (chat, label, item) => {
  await chat.page.getByRole('button', { name: label }).click();
  await chat.page.getByRole('menuitem', { name: item }).click();
};

// loaded waits for a part of the page that comes by itself, in time for a server that is down.
const loaded = (page, part) =>
  until(`the ${part}`, () => page.evaluate((part) => performance.getEntriesByType('resource').some((r) => r.name.includes(`/${part}-`) && r.name.endsWith('.js')), part));

test('who comes first is a member of the lobby; who comes again is where most happened', async () => {
  const ada = await open('Lobby Ada');
  await ada.page.waitForURL(/#\/c\/general$/);
  await ada.channel('general').waitFor();
  const { channels } = await rest('GET', '/v1/users/lobby-ada/channels', 'lobby-ada');
  assert.deepEqual(channels.map((c) => [c.id, c.role]), [['general', 'member']]);
  await member('elsewhere', 'lobby-ada');
  await post('elsewhere', 'ben', 'news');
  await ada.page.goto(server.url);
  await ada.page.waitForURL(/#\/c\/elsewhere$/); // the tab knows who it was
  await close(ada);
});

test('channels are switched, and count what was not read, and what calls for one', async () => {
  await Promise.all(['red', 'blue'].map((c) => member(c, 'counter')));
  const chat = await open('Counter', { channel: 'red' });
  await chat.channel('blue').waitFor();
  await post('blue', 'ben', 'a');
  await post('blue', 'ben', 'b');
  await chat.channel('blue 2 unread').waitFor();
  await chat.page.waitForFunction(() => document.title.startsWith('(2) '));
  await post('blue', 'ben', 'look, @counter', { mentions: ['counter'] });
  await chat.channel('blue 1 message for you').waitFor();
  assert.equal(await chat.sidebar.getByRole('navigation').getByRole('link').first().getAttribute('data-channel'), 'blue', 'the last active first');
  await chat.channel('blue').click();
  await chat.shows('b');
  await chat.page.waitForFunction(() => document.title === '#blue · Parley');
  await chat.sidebar.getByRole('link', { name: 'blue', exact: true }).waitFor();
  assert.equal(await chat.channel('blue').getAttribute('aria-current'), 'page');
  await post('dm:ben:counter', 'ben', 'psst');
  await chat.channel('ben 1 message for you').click();
  await chat.shows('psst');
  await chat.page.waitForFunction(() => document.title === 'ben · Parley');
  await close(chat);
});

test('a channel is made, found, joined and left', async () => {
  const [ada, ben] = await Promise.all([open('maker'), open('finder')]);
  await ada.sidebar.getByRole('button', { name: 'Add a channel' }).click();
  await ada.page.getByRole('button', { name: 'Make a new one' }).click();
  await ada.page.getByLabel('Name').fill('Field Notes');
  await ada.page.getByText('It will be found as #field-notes.').waitFor();
  await ada.page.getByRole('button', { name: 'Make the channel' }).click();
  await ada.page.waitForURL(/#\/c\/field-notes$/);
  await ada.channel('Field Notes').waitFor();
  assert.equal(await ada.title.textContent(), 'Field Notes');

  await ben.sidebar.getByRole('button', { name: 'Add a channel' }).click();
  await ben.page.getByLabel('Filter by name').fill('field');
  await ben.page.getByRole('button', { name: 'Join Field Notes' }).click();
  await ben.page.waitForURL(/#\/c\/field-notes$/);
  await ben.channel('Field Notes').waitFor();
  await ben.say('found it');
  await ada.shows('found it');

  await ben.sidebar.getByRole('button', { name: 'Add a channel' }).click();
  await ben.page.getByRole('button', { name: 'Make a new one' }).click();
  await ben.page.getByLabel('Name').fill('field notes');
  await ben.page.getByRole('button', { name: 'Make the channel' }).click();
  await ben.page.getByRole('alert').getByText('There is one of that name already.').waitFor();
  await ben.page.getByRole('button', { name: 'Cancel' }).click();

  await menu(ben, 'More about this channel', 'Leave the channel');
  await ben.page.getByRole('dialog').getByRole('button', { name: 'Leave the channel' }).click();
  await ben.channel('Field Notes').waitFor({ state: 'detached' });
  await ben.page.waitForURL(/#\/c\/general$/);
  await ben.go('field-notes');
  await ben.page.getByRole('main').getByRole('button', { name: 'Join' }).click();
  await ben.page.getByText('You have joined field-notes.').waitFor();
  await close(ada, ben);
});

test('a channel is deleted by its owner, and is gone for who is in it', async () => {
  await rest('PUT', '/v1/channels/passing', 'host', { kind: 'private', title: 'Passing' });
  await rest('PUT', '/v1/channels/passing/members/passer', 'host', { role: 'moderator' });
  const [host, passer] = await Promise.all([open('host', { channel: 'passing' }), open('passer', { channel: 'passing' })]);
  await host.say('not for long');
  await passer.shows('not for long');
  await passer.page.getByRole('button', { name: 'More about this channel' }).click();
  assert.deepEqual(await passer.page.getByRole('menuitem').allTextContents(), ['Members', 'Leave the channel']);
  await passer.page.keyboard.press('Escape');
  await menu(host, 'More about this channel', 'Delete the channel');
  await host.page.getByRole('dialog', { name: 'Delete Passing?' }).getByRole('button', { name: 'Delete the channel' }).click();
  await host.page.waitForURL(/#\/c\/general$/);
  for (const chat of [host, passer]) await chat.sidebar.getByRole('link', { name: /Passing/ }).waitFor({ state: 'detached' });
  await passer.page.waitForURL(/#\/c\/general$/);
  await passer.page.getByText('The channel was deleted.').waitFor();
  await passer.say('where did it go?'); // in the other one
  await host.shows('where did it go?');
  await close(host, passer);
});

test('a private channel is seen by those who were added; its owner makes, mutes and bans', async () => {
  await rest('PUT', '/v1/channels/board', 'owner', { kind: 'private', title: 'Board' });
  const [owner, guest] = await Promise.all([open('owner', { channel: 'board' }), open('invited')]);
  const members = async () => {
    await owner.page.getByRole('button', { name: /^Members:/ }).click();
    await owner.page.getByRole('dialog', { name: 'Members of Board' }).waitFor();
  };
  await members();
  await owner.page.getByLabel('Their name on this server').fill('invited');
  await owner.page.getByRole('button', { name: 'Add', exact: true }).click();
  await guest.channel('Board').click(); // told of it without a reload
  await guest.say('thank you');
  await owner.page.getByRole('listitem').filter({ hasText: 'invited' }).getByText(/Member/).waitFor();
  const done = (what) => menu(owner, 'What to do about invited', what);
  await done('Make a moderator');
  await owner.page.getByText(/^Moderator/).waitFor();
  await done('Make a member');
  await owner.page.getByText(/^Member ·/).waitFor();
  await done('Mute');
  await owner.page.getByText(/^Member, muted/).waitFor();
  await guest.say('can you hear me?');
  await guest.page.getByText(/You are muted here/).first().waitFor();
  await done('Ban');
  await owner.page.getByText(/banned/).first().waitFor();
  await guest.sidebar.getByRole('link', { name: /Board/ }).waitFor({ state: 'detached' }); // what it is called is theirs no more
  await close(owner, guest);
});

test('who is added by a back end, and written to by it for the first time, sees both at once, by the server\'s word', async () => {
  const context = await browser.newContext();
  const told = [];
  context.on('page', (page) => page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => {
    const { type, channelId, role } = JSON.parse(String(payload));
    if (type === 'membership' || type === 'signal') told.push([type, channelId, role]);
  })));
  const chat = await ChatPage.open(context, server.url, 'Newcomer', { channel: 'porch' });
  const desk = '/v1/channels/desk';
  await rest('PUT', desk, 'back-end', { kind: 'private', title: 'Front desk' });
  await rest('PUT', `${desk}/members/newcomer`, 'back-end', { role: 'member' });
  await chat.channel('Front desk').waitFor();
  await post('dm:back-end:newcomer', 'back-end', 'Welcome');
  await chat.channel('back-end 1 message for you').waitFor();
  await rest('DELETE', `${desk}/members/newcomer`, 'back-end');
  await chat.channel('Front desk').waitFor({ state: 'detached' });
  assert.deepEqual(told.filter(([type, channel]) => type === 'signal' || /desk|back-end/.test(channel)), [
    ['membership', 'desk', 'member'], ['membership', 'dm:back-end:newcomer', 'member'], ['membership', 'desk', undefined],
  ]);
  await close(chat);
});

test('two people write to each other, and each sees whether the other is there', async () => {
  const ben = await open('Pen Friend');
  const ada = await open('Writer');
  await ada.sidebar.getByRole('button', { name: 'Write to somebody' }).click();
  await ada.page.getByLabel('Their name on this server').fill('nobody at all');
  await ada.page.getByRole('button', { name: 'Write', exact: true }).click();
  await ada.page.getByText('Nobody called “nobody-at-all” has been here yet.').waitFor();
  await ada.page.getByLabel('Their name on this server').fill('Pen Friend');
  await ada.page.getByRole('button', { name: 'Write', exact: true }).click();
  await ada.page.waitForURL(/#\/c\/dm/);
  await ada.say('Dear friend');
  await ben.channel('Writer 1 message for you').click();
  await ben.shows('Dear friend');
  await ada.page.getByRole('banner').or(ada.page.getByRole('main')).getByText('online', { exact: true }).first().waitFor();

  await ben.page.getByRole('button', { name: /^Your profile/ }).click();
  await ben.page.getByLabel('Status', { exact: true }).fill('at lunch');
  await ben.page.getByRole('radio', { name: 'away' }).check();
  await ben.page.getByRole('button', { name: 'Save' }).click();
  await ada.page.getByText('away · at lunch').waitFor();
  const seen = () => ada.page.getByText('away · at lunch').count();
  await ben.page.goto('about:blank');
  await until('who is gone', async () => (await seen()) === 0);
  await ben.page.goto(server.url);
  await until('who came back is what they said', async () => (await seen()) > 0);
  await ben.page.close();
  await ada.page.getByText(/last seen/).waitFor();
  await close(ada, ben);
});

test('everything is reached by keys: the switcher, the next channel, out of dialogs, past the sidebar', async () => {
  await Promise.all(['keys-one', 'keys-two', 'keys-three'].map((c) => member(c, 'typist')));
  for (const c of ['keys-three', 'keys-two', 'keys-one']) await post(c, 'ben', `in ${c}`);
  const chat = await open('typist', { channel: 'keys-one' });
  const { page } = chat;
  const at = (channel) => page.waitForURL((url) => url.hash === `#/c/${channel}`);
  await chat.channel('keys-three').waitFor();
  await page.keyboard.press('Alt+ArrowDown');
  await at('keys-two');
  await page.keyboard.press('Alt+ArrowUp');
  await at('keys-one');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Channel or person' }).fill('kthr');
  await page.getByRole('option', { name: 'keys-three' }).waitFor();
  await page.keyboard.press('Enter');
  await at('keys-three');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Channel or person' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const first = page.locator('a[href], button, input, textarea, [tabindex="0"]').first();
  assert.equal(await first.textContent(), 'Skip to the conversation');
  await first.focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Message');
  await page.getByRole('button', { name: 'You and your settings' }).focus();
  await page.keyboard.press('Enter');
  await until('the first item', () => page.evaluate(() => document.activeElement.textContent === 'Your profile'));
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Settings');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.getByRole('radio', { name: 'Dark' }).check();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).colorScheme), 'dark');
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await close(chat);
});

test('who leaves with messages unsent says what becomes of them', async () => {
  const own = await Server.start();
  const context = await browser.newContext();
  try {
    const chat = await ChatPage.open(context, own.url, 'Leaver', { channel: 'leaving' });
    await loaded(chat.page, 'keeper');
    const leave = async (how) => {
      await own.kill();
      await chat.banner.waitFor();
      await chat.say(how);
      await menu(chat, 'You and your settings', 'Sign out');
      await chat.page.getByRole('dialog', { name: 'One message has not been sent' }).getByRole('button', { name: how }).click();
      await chat.page.getByRole('button', { name: 'Sign in' }).waitFor();
    };
    const back = async () => {
      await chat.signIn('Leaver');
      await chat.up();
    };
    await leave('Throw them away');
    await back(); // there is no server: who was never let in may leave as well
    await menu(chat, 'You and your settings', 'Sign out');
    await own.run();
    await back();
    await leave('Keep them and sign out');
    await own.run();
    await back();
    await until('what was kept', async () => (await own.messages('leaving')).length > 0);
    await chat.say('and this');
    await until('this', async () => (await own.messages('leaving')).some((m) => m.text === 'and this'));
    assert.deepEqual((await own.messages('leaving')).map((m) => m.text), ['Keep them and sign out', 'and this']);
    assert.deepEqual(chat.errors, []);
  } finally {
    await context.close();
    await own.stop();
  }
});

test('what was not opened yet opens while the server is down; what could not be loaded comes with the server', async () => {
  const own = await Server.start();
  const context = await browser.newContext();
  try {
    const chat = await ChatPage.open(context, own.url, 'Ahead', { channel: 'ahead' });
    const { page } = chat;
    await loaded(page, 'switcher');
    await own.kill();
    await chat.banner.waitFor();
    await page.getByRole('button', { name: 'Add a channel' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.evaluate(() => { location.hash = '#/settings'; });
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await own.run();

    await context.route('**/assets/browse-*', (route) => route.abort());
    await page.goto(`${own.url}/#/c/ahead`);
    await page.reload();
    await chat.up();
    await page.getByRole('button', { name: 'Add a channel' }).click();
    await until('an attempt', () => page.evaluate(() => performance.getEntriesByType('resource').some((r) => r.name.includes('/browse-'))));
    await chat.composer.fill('the page is there');
    assert.equal(await page.getByRole('dialog').count(), 0);
    await context.unroute('**/assets/browse-*');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await until('its styles', () => page.evaluate(() => [...document.styleSheets].some((s) => { try { return s.href?.includes('/browse-') && s.cssRules.length > 0; } catch { return false; } })));
    assert.deepEqual(chat.errors.filter((e) => !/ERR_FAILED/.test(e)), []);
  } finally {
    await context.close();
    await own.stop();
  }
});

test('by token: a good one lets in and stays on the device, a bad one is told of, and nothing asks for a name', async () => {
  const closed = await Server.start('--log', 'text');
  const context = await browser.newContext();
  try {
    const token = await closed.token('ada', '--name', 'Ada');
    const chat = await ChatPage.open(context, closed.url, 'Ada', { token });
    await chat.say('by token');
    await chat.shows('by token');
    await until('it to be stored', async () => (await chat.page.getByText(/^(Sent|Delivered|Read)$/).count()) > 0); // else who leaves is asked what becomes of it
    const page = await context.newPage();
    await page.goto(closed.url);
    await page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true }).waitFor();
    await page.close();
    await menu(chat, 'You and your settings', 'Sign out');
    await chat.page.getByLabel('Token').waitFor();
    assert.equal(await chat.page.getByLabel('Name').count(), 0);
    await chat.signIn('nonsense');
    await chat.page.getByRole('alert').getByText('The server does not take this token.').waitFor();
    assert.deepEqual(await chat.page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)].filter((k) => k.includes('credentials'))), []);
    assert.deepEqual(chat.errors.filter((e) => !refusal.test(e)), []);
  } finally {
    await context.close();
    await closed.stop();
  }
});

test('a channel whose name is an attack is a name', async () => {
  const name = '<img src=x onerror=window.hacked=1>';
  const chat = await open('Ada', { channel: name });
  assert.equal(await chat.title.textContent(), name);
  await chat.page.evaluate((hash) => { location.hash = hash; }, encodeURIComponent(name)); // as old links have it
  await until('the same channel', async () => (await chat.title.textContent()) === name);
  assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
  await close(chat);
});

test('the policy keeps out what is not the page itself', async () => {
  const chat = await open('Ada', { channel: 'policy' });
  // In a task of the page's own: what a debugger runs may do more.
  const blocked = await chat.page.evaluate(() => new Promise((resolve) => setTimeout(() => {
    const tries = {
      markup: () => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); },
      code: () => { eval('1'); },
      script: () => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); },
    };
    resolve(Object.entries(tries).filter(([, f]) => { try { f(); return false; } catch { return true; } }).map(([name]) => name));
  })));
  assert.deepEqual(blocked, ['markup', 'code', 'script']);
  assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
  await chat.page.context().close(); // what was blocked is in its console
});

test('who leaves their last channel is in none, until they join', async () => {
  const chat = await open('Loner');
  await chat.channel('general').waitFor();
  await menu(chat, 'More about this channel', 'Leave the channel');
  await chat.page.getByRole('dialog').getByRole('button', { name: 'Leave the channel' }).click();
  await chat.page.getByRole('main').getByRole('button', { name: 'Join' }).waitFor();
  assert.deepEqual((await rest('GET', '/v1/users/loner/channels', 'loner')).channels, []);
  await close(chat);
});

test('of a channel with many members nobody is taken for a guest, and who is added again stays what they are', async () => {
  await rest('PUT', '/v1/channels/crowd', 'a-owner', { kind: 'private' });
  const add = (user, role) => rest('PUT', `/v1/channels/crowd/members/${user}`, 'a-owner', { role });
  await Promise.all(Array.from({ length: 100 }, (_, i) => add(`b-${i}`, 'member')));
  await add('zed', 'moderator');
  const zed = await open('zed', { channel: 'crowd' });
  const owner = await open('a-owner', { channel: 'crowd' });
  await owner.page.getByRole('button', { name: 'Members: 2 here' }).click();
  const row = owner.page.getByRole('listitem').filter({ hasText: 'zed' });
  await owner.page.getByRole('button', { name: 'Show more' }).waitFor();
  assert.equal(await row.count(), 0);
  await owner.page.getByRole('button', { name: 'Show more' }).click();
  await row.getByText(/^Moderator/).waitFor();
  await owner.page.getByLabel('Their name on this server').fill('zed');
  await owner.page.getByRole('button', { name: 'Add', exact: true }).click();
  await owner.page.getByText('zed is in this channel already.').waitFor();
  assert.equal((await rest('GET', '/v1/channels/crowd/members/zed', 'a-owner')).role, 'moderator');
  await close(owner, zed);
});

test('of many channels those are shown that were last active, and others when they are asked for', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `many-${String(i).padStart(2, '0')}`);
  await Promise.all(names.map((name) => member(name, 'collector')));
  const chat = await open('collector', { channel: 'many-00' });
  const rows = chat.sidebar.getByRole('region', { name: 'Channels', exact: true }).getByRole('link');
  await chat.sidebar.getByRole('button', { name: 'Show all 40' }).waitFor();
  await chat.channel('many-00').waitFor(); // where one is
  const shown = await rows.evaluateAll((all) => all.map((a) => a.dataset.channel));
  const hidden = names.find((name) => !shown.includes(name));
  await post(hidden, 'ben', 'news');
  await chat.channel(`${hidden} 1 unread`).waitFor();
  await chat.sidebar.getByRole('button', { name: 'Show all 40' }).click();
  assert.equal(await rows.count(), 40);
  await close(chat);
});

test('nothing scrolls sideways on a phone, the sidebar is a drawer, and axe finds nothing anywhere', async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const long = 'somebody-with-a-very-long-name-'.repeat(4);
  await rest('PUT', '/v1/channels/wide', 'looker', { kind: 'open', title: 'A title that is far too long for any telephone '.repeat(2).trim() });
  await member('wide', 'looker', 'owner').catch(() => {});
  for (const text of ['w'.repeat(500), `https://example.org/${'path/'.repeat(60)}`]) await post('wide', long.slice(0, 120), text);
  await post('dm:ben:looker', 'ben', 'hi');
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    const phone = width < 720;
    const chat = await open('looker', { width, height, channel: 'wide' });
    const { page } = chat;
    const check = async (state) => {
      const wide = await page.evaluate(() => [document.documentElement, document.querySelector('main'), document.querySelector('#side')].map((e) => (e ? e.scrollWidth - e.clientWidth : 0)));
      assert.deepEqual(wide, [0, 0, 0], `${state} can be scrolled sideways`);
      for (const theme of process.env.SHOTS ? ['light', 'dark'] : [phone ? 'dark' : 'light']) { // colours do not depend on the width
        await chat.themed(theme);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${state}-${width}-${theme}.png` });
        await chat.check(`${state} ${width} ${theme}`, axe, assert);
      }
    };
    await chat.list.getByText(/^www/).first().waitFor();
    await check('chat');
    if (phone) await chat.menu();
    await chat.channel('ben').waitFor();
    await check('sidebar');
    await chat.sidebar.getByRole('button', { name: 'Jump to' }).click();
    await page.getByRole('combobox').waitFor();
    await check('switcher');
    await page.keyboard.press('Escape');
    await chat.sidebar.getByRole('button', { name: 'Add a channel' }).click();
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    await check('browse');
    await page.getByRole('button', { name: 'Make a new one' }).click();
    await check('make');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: /^Your profile/ }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor();
    await check('profile');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'You and your settings' }).click();
    await page.getByRole('menuitem', { name: 'Settings' }).waitFor();
    await check('menu');
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await check('settings');
    await chat.go('wide');
    await page.getByRole('button', { name: /^Members:/ }).click();
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    await check('members');
    await page.keyboard.press('Escape');
    await chat.go('dm:ben:looker');
    await chat.shows('hi');
    await check('direct');
    await close(chat);
    const stranger = await browser.newPage({ viewport: { width, height } });
    await stranger.goto(server.url);
    await stranger.getByLabel('Name').waitFor();
    if (process.env.SHOTS) await stranger.screenshot({ path: `${process.env.SHOTS}/signin-${width}.png` });
    await stranger.evaluate(axe);
    const found = await stranger.evaluate(() => window.axe.run());
    assert.deepEqual(found.violations.map((v) => `sign-in: ${v.id}: ${v.nodes.map((n) => n.html)}`), []);
    await stranger.close();
  }
});
