// The console of a server without --dev: who is let in, and each screen's main
// act, of which the server and other people's browsers know afterwards.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { ConsolePage } from './consolepage.mjs';
import { Server, until } from './server.mjs';

const secret = 'a secret of the tests that no page may show';

let server, browser, key, operator;

before(async () => {
  [server, browser] = await Promise.all([Server.start('--token-secret', secret), launch()]);
  key = await server.secretKey();
  operator = await ConsolePage.open(await browser.newContext({ viewport: { width: 1440, height: 900 } }), server.url, key);
});
after(async () => { await browser?.close(); await server?.stop(); });

// ask sends a request with a credential, by default the secret key.
async function ask(method, path, body, credential = key) {
  const r = await fetch(server.url + path, {
    method,
    headers: { Authorization: `Bearer ${credential}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { status: r.status, ...(r.status === 204 ? {} : await r.json()) };
}

async function tokenOf(userId, ...scopes) {
  const { tsToken } = await ask('POST', '/auth/token', { userId, ...(scopes.length ? { scopes } : {}) });
  return tsToken;
}

const post = (channel, user, text) => ask('POST', `/v1/channels/${channel}/messages?userId=${user}`, { text });

test('a secret key and a token with chat:admin are let in; other credentials are refused in words', async () => {
  const context = await browser.newContext();
  const admin = await ConsolePage.open(context, server.url);
  const refused = async (credential, words) => {
    await admin.enter(credential);
    await admin.page.getByText(words).waitFor();
  };
  await refused('sk_nonsense', /no key and no token that this server knows/);
  await refused(await tokenOf('ada'), /has not the scope chat:admin/);
  await refused('pk_somebody', /publishable key/);
  await admin.enter(await tokenOf('ada', 'chat:admin'));
  await admin.navigation.waitFor();
  await admin.go('#/configuration', 'Configuration');
  await admin.main.getByText(/for the server’s operator/).waitFor();
  await admin.page.reload();
  await admin.navigation.waitFor(); // the tab keeps it
  await admin.page.getByRole('button', { name: 'Sign out' }).click();
  await admin.page.getByLabel('Secret key or token').waitFor();
  await admin.page.reload();
  await admin.page.getByLabel('Secret key or token').waitFor();
  assert.deepEqual(admin.errors, []);
  await context.close();
});

test('a server with --dev asks nobody who they are', async () => {
  const dev = await Server.start();
  const context = await browser.newContext();
  const anybody = await ConsolePage.open(context, dev.url);
  await anybody.navigation.waitFor();
  await anybody.go('#/sessions', 'Sessions');
  await anybody.main.getByText('Nobody is connected to this node.').waitFor();
  assert.deepEqual(anybody.errors, []);
  await context.close();
  await dev.stop();
});

test('a member is muted, banned and let in again', async () => {
  await ask('PUT', '/v1/channels/moderated/members/ben', { role: 'member' });
  const ben = await tokenOf('ben');
  const says = async () => (await ask('POST', '/v1/channels/moderated/messages', { text: 'hello' }, ben)).code;
  await operator.go('#/channels/moderated/members', 'moderated');
  await operator.button('Mute ben').click();
  await operator.row('ben').getByText('muted').waitFor();
  assert.equal(await says(), 'muted');
  await operator.button('Unmute ben').click();
  await operator.button('Mute ben').waitFor();
  assert.equal(await says(), undefined);
  await operator.button('Ban ben').click();
  await operator.confirm('Ban');
  await operator.row('ben').getByText('banned').waitFor();
  assert.equal(await says(), 'banned');
  await operator.button('Lift the ban ben').click();
  await operator.button('Ban ben').waitFor();
  await operator.main.getByLabel('Role of ben').selectOption('reader');
  await until('a reader', async () => (await ask('GET', '/v1/channels/moderated/members/ben')).role === 'reader');
});

test('the log shows every kind of event page by page, and a message is deleted from it', async () => {
  const { id } = await post('busy', 'ada', 'the first');
  await ask('PATCH', `/v1/channels/busy/messages/${id}?userId=ada`, { text: 'edited' });
  await ask('PUT', `/v1/channels/busy/messages/${id}/reactions/👍?userId=ben`);
  await ask('PUT', `/v1/channels/busy/messages/${id}/pin?userId=ada`);
  await ask('PUT', '/v1/channels/busy/state/turn?userId=ada', { value: { of: 'ben' } });
  await ask('PUT', '/v1/channels/busy/members/ben', { role: 'member', muted: true });
  await ask('POST', '/v1/channels/busy/messages/batch?userId=ada', { messages: Array.from({ length: 60 }, (_, i) => ({ text: `line ${i}` })) });
  await operator.go('#/channels/busy', 'busy');
  await operator.main.getByText('line 59', { exact: true }).waitFor();
  assert.equal(await operator.main.getByText('line 9', { exact: true }).count(), 0);
  await operator.button('First').click();
  for (const what of ['edited', '👍', 'pinned', 'turn = {"of":"ben"}', 'ben: member, muted']) {
    await operator.main.getByText(what, { exact: true }).first().waitFor();
  }
  await operator.button('Delete message 1').click();
  await operator.confirm('Delete');
  await operator.main.getByText('deleted', { exact: true }).first().waitFor();
  const { deletedAt, text } = await ask('GET', `/v1/channels/busy/messages/${id}`);
  assert.ok(deletedAt);
  assert.equal(text, undefined);
  await operator.button('Newer').click();
  await operator.main.getByText('delete of 1').waitFor();
});

test('a session is disconnected, and its browser is told', async () => {
  const context = await browser.newContext();
  const told = [];
  context.on('page', (page) => page.on('websocket', (ws) => {
    ws.on('framereceived', ({ payload }) => { if (String(payload).includes('"disconnected"')) told.push('why'); });
    ws.on('close', () => told.push('closed'));
  }));
  const cy = await ChatPage.open(context, server.url, 'cy', { token: await tokenOf('cy'), channel: 'lounge' });
  await until('cy to be here', async () => (await ask('GET', '/v1/sessions?userId=cy')).sessions.length === 1); // the list is asked for once
  await operator.go('#/sessions', 'Sessions');
  await operator.button('Refresh').click();
  await operator.main.getByLabel('Sessions of a user').fill('cy');
  await operator.row('cy').getByRole('button', { name: /^Disconnect cy/ }).click();
  await operator.confirm('Disconnect');
  await until('the end of the connection, and why', () => told.join() === 'why,closed');
  await post('lounge', 'ada', 'welcome back'); // its client comes back by itself
  await cy.shows('welcome back');
  await context.close();
});

test('a user is found, disconnected everywhere, and loses every token', async () => {
  const token = await tokenOf('dana');
  await ask('PUT', '/v1/users/dana', { userName: 'Dana' });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/console`);
  await page.evaluate((credential) => new Promise((connected) => {
    const ws = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/ws?token=${credential}`, 'parley.v1.json');
    ws.onmessage = connected;
    window.over = new Promise((resolve) => { ws.onclose = () => resolve(true); });
  }), token);
  await operator.go('#/users', 'Users');
  await operator.main.getByLabel('Find a user').fill('dan');
  await operator.main.getByRole('link', { name: 'dana', exact: true }).click();
  await operator.main.getByRole('heading', { level: 1, name: 'dana' }).waitFor();
  await operator.button('Disconnect all').click();
  await operator.confirm('Disconnect all');
  await operator.main.getByText('No device is connected to this node.').waitFor();
  assert.equal(await page.evaluate(() => window.over), true);
  assert.equal((await ask('GET', '/v1/users/dana', undefined, token)).userId, 'dana');
  await operator.button('Revoke all tokens').click();
  await operator.confirm('Revoke all tokens');
  await operator.main.getByText(/count no more/).waitFor();
  assert.equal((await ask('GET', '/v1/users/dana', undefined, token)).code, 'token_revoked');
  await context.close();
});

test('a key is made, shown once, and ended', async () => {
  await operator.go('#/keys', 'Keys');
  await operator.button('Make a key').click();
  await operator.dialog.getByLabel('Name').fill('night shift');
  await operator.dialog.getByRole('button', { name: 'Make', exact: true }).click();
  const made = (await operator.dialog.locator('code').textContent()).trim();
  assert.match(made, /^sk_/);
  assert.equal((await ask('GET', '/v1/keys', undefined, made)).status, 200);
  await operator.confirm('Close');
  assert.ok(!(await operator.main.textContent()).includes(made));
  await operator.row('night shift').getByRole('button', { name: 'Rotate night shift' }).click();
  await operator.dialog.getByLabel('Grace').selectOption({ label: 'a day' });
  await operator.dialog.getByRole('button', { name: 'Rotate', exact: true }).click();
  const next = (await operator.dialog.locator('code').textContent()).trim();
  await operator.confirm('Close');
  await operator.row('night shift').getByText(/retiring/).waitFor();
  assert.deepEqual([(await ask('GET', '/v1/keys', undefined, made)).status, (await ask('GET', '/v1/keys', undefined, next)).status], [200, 200]);
  await operator.row('night shift').filter({ hasText: 'retiring' }).getByRole('button', { name: 'End night shift' }).click();
  await operator.confirm('End');
  await operator.row('night shift').filter({ hasText: 'revoked' }).waitFor();
  assert.equal((await ask('GET', '/v1/keys', undefined, made)).status, 401);
});

test('an operator chooses the project that is shown and changed', async () => {
  await ask('POST', '/v1/projects', { name: 'shop' });
  await ask('POST', '/v1/channels/tills/messages?project=shop&userId=ada', { text: 'open at nine' });
  await operator.go('#/channels', 'Channels');
  await operator.button('Refresh').click();
  await operator.page.getByLabel('Project').selectOption('shop');
  await operator.row('tills').waitFor();
  assert.equal(await operator.main.getByRole('rowheader').count(), 1);
  await operator.page.reload();
  await operator.go('#/channels/tills', 'tills');
  await operator.main.getByText('open at nine').waitFor();
  await operator.page.getByLabel('Project').selectOption('default');
  await operator.main.getByRole('heading', { level: 1, name: 'Channels' }).waitFor();
  await operator.row('busy').waitFor();
  assert.equal(await operator.row('tills').count(), 0);
});

test('a user whose id would be a step in a path is nobody, and stands for nobody', async () => {
  assert.equal((await ask('POST', '/auth/token', { userId: '..' })).code, 'invalid');
  await operator.go('#/users/..', '..');
  await operator.main.getByText(/nothing can be called \.\./).first().waitFor();
  assert.equal(await operator.main.getByRole('button', { name: 'Disconnect all' }).isEnabled(), false);
});

test('a token is minted with what was said, and counts', async () => {
  await operator.go('#/tokens', 'Tokens');
  const mint = operator.main.getByRole('region', { name: 'Mint a user’s token' });
  await mint.getByLabel('User’s id').fill('erin');
  await mint.getByLabel(/^chat:send/).uncheck();
  await mint.getByRole('button', { name: 'Mint' }).click();
  const token = (await operator.dialog.locator('code').first().textContent()).trim();
  await operator.confirm('Close');
  assert.equal((await ask('GET', '/v1/channels/lounge/messages', undefined, token)).status, 200);
  assert.equal((await ask('POST', '/v1/channels/lounge/messages', { text: 'x' }, token)).code, 'forbidden');
});

test('a message’s way names its stations, who has it, and who is in the channel', async () => {
  const context = await browser.newContext();
  const reader = await ChatPage.open(context, server.url, 'finn', { token: await tokenOf('finn'), channel: 'paths' });
  await until('finn in the channel', async () => {
    const { sessions } = await ask('GET', '/v1/sessions?userId=finn');
    return sessions.some((s) => s.channels?.includes('paths') && s.catchingUp === 0);
  });
  const { id, seq } = await post('paths', 'ada', 'where have you been');
  await reader.shows('where have you been');
  await ask('PUT', '/v1/channels/paths/members/ben', { role: 'member' });
  await ask('PUT', '/v1/channels/paths/cursors/finn', { read: id });
  await operator.go(`#/channels/paths/messages/${id}`, `Message ${seq}`);
  for (const station of ['Received', /^Let in/, /^Synced to disk/, /^Handed to everybody/, /^Written to the first/]) {
    await operator.row(station).waitFor();
  }
  const people = operator.main.getByRole('region', { name: 'Whom it has reached' });
  await people.getByRole('row', { name: /finn.*read/ }).waitFor();
  await people.getByRole('row', { name: /ben.*not yet/ }).waitFor();
  await operator.main.getByRole('region', { name: 'Sessions in the channel' }).getByRole('row', { name: /finn.*live/ }).waitFor();
  await context.close();
});

test('the charts move with what goes on, and come to rest', async () => {
  const context = await browser.newContext();
  const watcher = await ConsolePage.open(context, server.url, key);
  const committed = () => watcher.main.getByRole('listitem').filter({ hasText: 'committed' }).locator('b').textContent();
  await watcher.main.locator('canvas').first().waitFor();
  const chatter = setInterval(() => void post('lounge', 'ada', 'tick').catch(() => {}), 100);
  await until('a rate', async () => Number((await committed()) || 0) > 0);
  await until('an acknowledgement’s time', async () => /\d.*(µs|ms| s)/.test(await watcher.main.getByRole('listitem').filter({ hasText: 'p99' }).first().locator('b').textContent()));
  clearInterval(chatter);
  await until('quiet', async () => (await committed()) === '0');
  assert.deepEqual(watcher.errors, []);
  await context.close();
});

test('channels are listed by activity and found by their names; settings are changed, and keeping less asks first', async () => {
  await post('archive', 'ada', 'old news');
  await operator.go('#/channels', 'Channels');
  await operator.button('Refresh').click();
  await operator.row('archive').waitFor();
  assert.match(await operator.main.getByRole('row').nth(1).textContent(), /archive/);
  await operator.page.keyboard.press('Control+k');
  await operator.page.keyboard.type('arch');
  await until('the one', async () => (await operator.main.getByRole('rowheader').count()) === 1);
  await operator.main.getByRole('link', { name: 'archive' }).press('Enter');
  await operator.main.getByRole('link', { name: 'Settings' }).click();
  await operator.main.getByLabel('Title').fill('What was');
  await operator.main.getByLabel('days').fill('7');
  await operator.button('Save').click();
  assert.equal((await ask('GET', '/v1/channels/archive')).title, undefined);
  await operator.confirm('Keep less');
  await operator.main.getByText('Saved.').waitFor();
  const { title, retention } = await ask('GET', '/v1/channels/archive');
  assert.deepEqual([title, retention], ['What was', 7 * 86400]);
});

test('a channel is deleted after a question; whoever is in it has it no more, and it comes again only when it is made', async () => {
  await ask('PUT', '/v1/channels/doomed', { kind: 'private', title: 'Doomed' });
  await ask('PUT', '/v1/channels/doomed/members/gil', { role: 'owner' });
  await post('doomed', 'gil', 'the last word');
  await post('spared', 'gil', 'still here');
  const context = await browser.newContext();
  const gil = await ChatPage.open(context, server.url, 'gil', { token: await tokenOf('gil', 'chat:read', 'chat:send', 'chat:manage'), channel: 'doomed' });
  await gil.shows('the last word');
  await operator.go('#/channels/doomed/settings', 'doomed');
  await operator.button('Delete the channel').click();
  await operator.confirm('Delete it');
  await operator.main.getByRole('heading', { level: 1, name: 'Channels', exact: true }).waitFor();
  await operator.row('spared').waitFor();
  assert.equal(await operator.row('doomed').count(), 0);
  await gil.sidebar.getByRole('link', { name: /Doomed/ }).waitFor({ state: 'detached' });
  await gil.page.getByText('The channel was deleted.').waitFor();
  assert.deepEqual(await ask('GET', '/v1/channels/doomed/messages').then(({ status, code }) => [status, code]), [410, 'deleted']);
  await gil.sidebar.getByRole('button', { name: 'Add a channel' }).click();
  await gil.page.getByRole('button', { name: 'Make a new one' }).click();
  await gil.page.getByLabel('Name').fill('doomed');
  await gil.page.getByRole('button', { name: 'Make the channel' }).click();
  await gil.channel('doomed').waitFor();
  await gil.say('a new beginning');
  await gil.shows('a new beginning');
  const said = async () => (await ask('GET', '/v1/channels/doomed/messages')).messages.map((m) => m.text).join();
  await until('what is kept', async () => (await said()) !== ''); // it is shown before it is
  assert.equal(await said(), 'a new beginning');
  assert.deepEqual(gil.errors.filter((e) => !/410 \(Gone\)/.test(e)), []); // which the browser says of what was asked too late
  await context.close();
});

test('the configuration is shown with its sources, and no secret', async () => {
  await operator.go('#/configuration', 'Configuration');
  await operator.row('token-secret').getByText('the command line').waitFor();
  const shown = await operator.main.textContent();
  assert.ok(shown.includes('********') && !shown.includes(secret) && !shown.includes(key));
  await operator.main.getByLabel('Find a setting').fill('post-');
  await until('the two', async () => (await operator.main.getByRole('rowheader').count()) === 2);
});

test('nobody is kept out of the console: axe finds nothing, and nothing is wider than a phone', async () => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const { id, seq } = await post('seen', 'a-user-with-quite-a-long-name', 'w'.repeat(200));
  await ask('PUT', '/v1/channels/seen/members/ben', { role: 'moderator', muted: true });
  const places = [
    ['#/', 'Overview'], ['#/channels', 'Channels'], ['#/channels/seen', 'seen'], ['#/channels/seen/members', 'seen'],
    ['#/channels/seen/settings', 'seen'], [`#/channels/seen/messages/${id}`, `Message ${seq}`], ['#/users/ben', 'ben'],
    ['#/sessions', 'Sessions'], ['#/keys', 'Keys'], ['#/tokens', 'Tokens'], ['#/configuration', 'Configuration'],
  ];
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const phone = await ConsolePage.open(context, server.url);
  const shoot = async (name) => {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      await phone.page.setViewportSize({ width, height });
      await phone.page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}.png` });
    }
  };
  const check = async (where) => {
    for (const colorScheme of ['light', 'dark']) {
      await phone.page.emulateMedia({ colorScheme });
      if (process.env.SHOTS) await shoot(`console-${where.replace(/[^a-z-]+/gi, '_')}-${colorScheme}`);
      // All but colours is the same in both themes.
      const rules = colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {};
      const found = await phone.page.evaluate((r) => window.axe.run(r), rules);
      assert.deepEqual(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html + ' ' + (n.any[0]?.message ?? ''))]), [], `${where} ${colorScheme}`);
    }
    const wider = await phone.page.evaluate(() => [document.documentElement, document.querySelector('main')].map((e) => e.scrollWidth - e.clientWidth));
    assert.deepEqual(wider, [0, 0], where);
  };
  await phone.page.evaluate(axe);
  await phone.page.getByLabel('Secret key or token').waitFor();
  await check('sign-in');
  await phone.enter(key);
  await phone.navigation.waitFor();
  for (const [hash, heading] of places) {
    await phone.go(hash, heading);
    await until('all parts of the page', async () => (await phone.page.getByText('Loading…').count()) === 0);
    await check(hash);
  }
  await phone.go('#/keys', 'Keys');
  await phone.button('Make a key').click();
  await phone.dialog.getByRole('radio', { name: /publishable/ }).click();
  await check('a dialog');
  assert.deepEqual(phone.errors, []);
  assert.deepEqual(operator.errors, []);
  await context.close();
});
