// Notifications, as a person gets them: of a page that nobody looks at, and by
// push while no page is open.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { PushService, subscribing } from './pushservice.mjs';
import { Server, until } from './server.mjs';

let server, browser, axe;
const devices = []; // which a test that failed did not close

before(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  server = await Server.start('--dev');
  browser = await launch();
  const known = await fetch(`${server.url}/v1/users/ben?userId=ben`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: '{"userName":"ben"}',
  });
  assert.equal(known.status, 200, await known.text());
});

after(async () => {
  for (const device of devices) device.service.close();
  await browser?.close();
  await server?.stop();
});

const direct = (a, b) => `dm:${[a, b].sort().join(':')}`;

async function post(user, channel, text, more = {}) {
  const r = await fetch(`${server.url}/v1/channels/${encodeURIComponent(channel)}/messages?userId=${user}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ text, ...more }),
  });
  assert.equal(r.status, 201, await r.clone().text());
  return r.json();
}

const subscriptions = async (user) => (await (await fetch(`${server.url}/v1/push/subscriptions?userId=${user}`)).json()).subscriptions;

async function subscribe(user, subscription) {
  const r = await fetch(`${server.url}/v1/push/subscriptions?userId=${user}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(subscription),
  });
  assert.ok(r.ok, await r.text());
}

// shown are the notifications that the browser shows for this origin. It must
// not be asked while one is about to be shown, which Chromium would forget:
// Device.told waits for that.
const shown = (page) =>
  page.evaluate(async () => {
    const list = await (await navigator.serviceWorker.getRegistration('/'))?.getNotifications();
    return (list ?? []).map(({ title, body }) => ({ title, body }));
  });

// click is a click on the first of them, as the service worker gets it.
const click = (worker) =>
  worker.evaluate(async () => {
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
  });

// Device is a browser of somebody's who has notifications turned on.
class Device {
  static async open(user, { where = `${user}-room` } = {}) {
    const d = new Device();
    devices.push(d);
    d.service = await PushService.start();
    d.context = await browser.newContext();
    await d.context.grantPermissions(['notifications'], { origin: server.url });
    await subscribing(d.context, d.service);
    d.chat = await ChatPage.open(d.context, server.url, user, { channel: where });
    return d;
  }

  async turnOn() {
    const { page } = this.chat;
    await page.evaluate(() => { location.hash = '#/settings'; });
    await page.getByRole('button', { name: 'Tell me on this device' }).click();
    await page.getByText('also while this page is closed').waitFor();
    this.worker = this.context.serviceWorkers()[0] ?? (await this.context.waitForEvent('serviceworker'));
    await this.worker.evaluate(() => {
      const show = self.registration.showNotification.bind(self.registration);
      self.told = 0;
      self.registration.showNotification = async (...what) => {
        await show(...what);
        self.told++;
      };
    });
  }

  // aside is a page of the origin that is no chat, from which the worker can be watched.
  async aside() {
    const page = await this.context.newPage();
    await page.goto(`${server.url}/docs`);
    return page;
  }

  // told waits until the worker has shown so many notifications in all.
  told(times) {
    return until(`notification ${times}`, () => this.worker.evaluate((n) => self.told >= n, times));
  }

  // deliver gives the worker a push message, as the browser does, and waits
  // until something is shown for it.
  async deliver(page, data) {
    const before = await this.worker.evaluate(() => self.told);
    const cdp = await page.context().newCDPSession(page);
    const found = new Promise((resolve) => {
      cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const own = registrations.find((r) => r.scopeURL === `${server.url}/` && !r.isDeleted);
        if (own) resolve(own.registrationId);
      });
    });
    await cdp.send('ServiceWorker.enable');
    await cdp.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId: await found, data });
    await this.told(before + 1);
  }

  async close() {
    await this.context.close();
    this.service.close();
  }
}

test('who closed the page is told by push, and a click opens the message', async () => {
  const ada = await Device.open('ada');
  await ada.turnOn();
  assert.equal((await subscriptions('ada')).length, 1);
  const aside = await ada.aside();
  await ada.chat.page.close();
  const said = await post('ben', direct('ada', 'ben'), 'Are you there?', {});
  const { notice, urgency } = await ada.service.next(1);
  assert.equal(urgency, 'high');
  assert.deepEqual(
    { type: notice.type, userId: notice.userId, channelId: notice.channelId, id: notice.id, text: notice.text, count: notice.count },
    { type: 'message', userId: 'ada', channelId: direct('ada', 'ben'), id: said.id, text: 'Are you there?', count: 1 },
  );
  await ada.deliver(aside, JSON.stringify(notice));
  assert.deepEqual(await shown(aside), [{ title: 'ben', body: 'Are you there?' }]);

  // A later one of the channel takes its place.
  await post('ben', direct('ada', 'ben'), 'Hello?');
  const second = await ada.service.next(2);
  assert.equal(second.topic, ada.service.got[0].topic);
  await ada.deliver(aside, JSON.stringify(second.notice));
  assert.deepEqual(await shown(aside), [{ title: 'ben (2)', body: 'Hello?' }]);

  // No page is open: the worker opens one. Only a person's own click lets it.
  await ada.worker.evaluate(() => { self.clients.openWindow = async (url) => { self.openedAt = url; return null; }; });
  await click(ada.worker);
  await until('a page', () => ada.worker.evaluate(() => self.openedAt));
  const at = await ada.worker.evaluate(() => self.openedAt);
  assert.equal(at, `/#/c/${encodeURIComponent(direct('ada', 'ben'))}/m/${second.notice.id}`);
  assert.deepEqual(await shown(aside), []);

  // What it pushes to a page that cannot read it is shown, too.
  await ada.deliver(aside, 'no JSON');
  assert.deepEqual(await shown(aside), [{ title: 'Parley', body: '' }]);
  await ada.close();
});

test('who looks elsewhere is told by the page, once, and not by push; what is read goes', async () => {
  const cy = await Device.open('cy');
  await cy.turnOn();
  const { page } = cy.chat;
  await cy.chat.go('cy-room');
  await post('ben', direct('ben', 'cy'), 'while you look');
  await cy.chat.channel(/^ben/).waitFor();
  assert.deepEqual(await shown(page), [], 'who looks is told nothing');

  await page.evaluate(() => {
    document.hasFocus = () => false;
    dispatchEvent(new Event('blur'));
  });
  const said = await post('ben', direct('ben', 'cy'), 'while you look elsewhere');
  await cy.told(1);
  assert.deepEqual((await shown(page)).map(({ body }) => body), ['while you look elsewhere']);

  // A click goes to the message in the page that is there.
  await click(cy.worker);
  await page.waitForURL((url) => url.hash === `#/c/${encodeURIComponent(direct('ben', 'cy'))}/m/${said.id}`);
  await until('no notification', async () => (await shown(page)).length === 0);
  await cy.chat.go('cy-room');

  // Read on another device, it goes here.
  const more = await post('ben', direct('ben', 'cy'), 'and more');
  await cy.told(2);
  assert.equal((await shown(page)).length, 1);
  const r = await fetch(`${server.url}/v1/channels/${encodeURIComponent(direct('ben', 'cy'))}/cursors/cy?userId=cy`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ read: more.seq }),
  });
  assert.equal(r.status, 200, await r.text());
  await until('nothing of what was read', async () => (await shown(page)).length === 0);

  // All of this was delivered, also what nobody has read: the server has nothing
  // to push by the time that it pushes what was said later to somebody who is not
  // there.
  await post('ben', direct('ben', 'cy'), 'not read');
  await cy.told(3);
  const away = await PushService.start();
  try {
    await subscribe('ivy', away.subscription);
    await post('ben', direct('ben', 'ivy'), 'the last of it');
    assert.equal((await away.next(1)).notice.text, 'the last of it');
  } finally {
    away.close();
  }
  assert.deepEqual(cy.service.got, []);
  assert.deepEqual(cy.chat.errors, []);
  await cy.close();
});

test('many at once: each channel shows its latest', async () => {
  const gil = await Device.open('gil');
  await gil.turnOn();
  const { page } = gil.chat;
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.getRegistration('/');
    for (let i = 0; i < 20; i++) {
      for (const seq of [2, 1]) {
        const [senderId, createdAt] = [`sender ${i}`, new Date().toISOString()];
        const notice = { type: 'message', kind: 'direct', userId: 'gil', channelId: `c${i}`, id: `${i}-${seq}`, seq, createdAt, senderId, text: `${seq}`, count: 1 };
        active.postMessage({ type: 'parley.notify', notice });
      }
    }
  });
  await gil.told(40);
  const got = (await shown(page)).sort((a, b) => a.title.localeCompare(b.title, 'en', { numeric: true }));
  assert.deepEqual(got, Array.from({ length: 20 }, (_, i) => ({ title: `sender ${i}`, body: '2' })));
  await gil.close();
});

test('what is chosen holds: nothing of a channel that is off', async () => {
  const joined = await fetch(`${server.url}/v1/channels/quiet/members/dan?userId=dan`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: '{"role":"member"}',
  });
  assert.equal(joined.status, 200, await joined.text());
  const dan = await Device.open('dan', { where: 'quiet' });
  await dan.turnOn();
  const { page } = dan.chat;
  await page.getByText('Channels of which you want more or less').click();
  await page.getByLabel('#quiet').selectOption('Nothing');
  await until('the choice', async () => {
    const { channels } = await (await fetch(`${server.url}/v1/push/settings?userId=dan`)).json();
    return channels?.quiet === 'none';
  });
  for (const [width, scheme] of process.env.SHOTS ? [[1440, 'light'], [1440, 'dark'], [390, 'light'], [390, 'dark']] : [[1440, 'light'], [390, 'dark']]) {
    await page.setViewportSize({ width, height: 900 });
    await dan.chat.themed(scheme);
    await dan.chat.check(`settings ${width} ${scheme}`, axe, assert);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/notify-${width}-${scheme}.png` });
  }
  await page.getByRole('radio', { name: /^Mentions/ }).check();
  await until('the other choice', async () => (await (await fetch(`${server.url}/v1/push/settings?userId=dan`)).json()).default === 'mentions');
  await page.evaluate(() => {
    document.hasFocus = () => false;
    dispatchEvent(new Event('blur'));
  });
  await post('ben', 'quiet', 'not wanted', { mentions: ['dan'] });
  await post('ben', direct('ben', 'dan'), 'not a mention');
  await post('ben', direct('ben', 'dan'), 'a mention', { mentions: ['dan'] });
  await dan.told(1);
  assert.deepEqual(await shown(page), [{ title: 'ben (2)', body: 'a mention' }]);
  assert.deepEqual(dan.chat.errors, []);
  await dan.close();
});

test('who signs out is told nothing more on this device', async () => {
  const eve = await Device.open('eve');
  await eve.turnOn();
  const { page } = eve.chat;
  await page.getByRole('button', { name: 'You and your settings' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Name').waitFor();
  await until('the server to forget it', async () => (await subscriptions('eve')).length === 0);
  assert.equal(await page.evaluate(() => localStorage.getItem('test.subscribed')), null);
  assert.deepEqual(eve.chat.errors, []);
  await eve.close();
});

test('the server takes away a browser that its push service does not know any more', async () => {
  const fay = await Device.open('fay');
  await fay.turnOn();
  await fay.chat.page.close();
  fay.service.answer = 410;
  await post('ben', direct('ben', 'fay'), 'to nobody');
  await until('its end', async () => (await subscriptions('fay')).length === 0);
  await fay.close();
});
