// Two people call each other in the chat; sound and pictures go from browser
// to browser.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Server, until } from './server.mjs';

let server, browser, axe;

before(async () => {
  [server, browser] = await Promise.all([Server.start(), launch([
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns', // there may be no other network
  ])]);
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});
after(async () => { await browser?.close(); await server?.stop(); });

// context is a browser of somebody's, whose connections the test can look into.
async function context(options) {
  const c = await browser.newContext(options);
  await c.addInitScript(() => {
    globalThis.peers = [];
    const Connection = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Connection {
      constructor(...args) {
        super(...args);
        globalThis.peers.push(this);
      }
    };
  });
  return c;
}

async function open(c, name, channel) {
  const chat = await ChatPage.open(c, server.url, name, { channel });
  return {
    chat,
    page: chat.page,
    call: (other) => chat.page.getByRole('dialog', { name: `Call with ${other}` }),
    press: (name) => chat.page.getByRole('button', { name, exact: true }).click(),
    // frames are how many of the other's pictures were decoded.
    frames: () => chat.page.evaluate(async () => {
      let n = 0;
      for (const report of (await peers.at(-1).getStats()).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') n = report.framesDecoded;
      }
      return n;
    }),
  };
}

// flows waits until more pictures have come than had before.
async function flows(who, what) {
  const before = await who.frames();
  await until(`pictures for ${what}`, async () => (await who.frames()) > before + 5, 60_000);
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run('section[role=dialog]'));
  return found.violations.map((v) => [v.id, v.nodes.map((n) => `${n.html} ${n.any[0]?.message ?? ''}`)]);
}

const gone = (locator) => locator.waitFor({ state: 'detached' });

test('two people see each other until one hangs up; another tab stops ringing, and the network may change', async () => {
  const contexts = [await context(), await context({ colorScheme: 'dark' })];
  const ben = await open(contexts[1], 'ben', 'general');
  const ada = await open(contexts[0], 'ada', 'dm:ada:ben');
  const other = await open(await browser.newContext(), 'ben', 'general');

  await ada.press('Call ben with video');
  for (const tab of [ben, other]) await tab.call('ada').getByText('Calls you with video').waitFor();
  await ada.call('ben').getByText('Rings…').waitFor();
  assert.deepEqual(await violations(ben.page), []);
  await ben.press('Accept with video');
  await gone(other.call('ada'));
  for (const [who, name] of [[ada, 'ben'], [ben, 'ada']]) {
    await who.call(name).getByRole('timer').waitFor({ timeout: 60_000 });
    await flows(who, name);
    const size = await who.page.getByLabel(`What ${name} shows`).evaluate((v) => [v.videoWidth, v.videoHeight]);
    assert.ok(size[0] > 0 && size[1] > 0, `the picture is ${size}`);
    assert.deepEqual(await violations(who.page), []);
  }

  await ben.press('Mute the microphone');
  await ada.call('ben').getByText(/· Muted/).waitFor();
  await ben.press('Turn the camera off');
  await ada.page.getByLabel('What ben shows').waitFor({ state: 'hidden' });
  await ben.press('Turn the camera on');
  await ada.page.getByLabel('What ben shows').waitFor();
  await flows(ada, 'ada, whose other has turned the camera on again');

  const way = () => ada.page.evaluate(() => peers[0].currentLocalDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]);
  const before = await way();
  await ada.page.evaluate(() => dispatchEvent(new Event('online')));
  await until('another way', async () => (await way()) !== before);
  await flows(ada, 'ada, on another way');

  await ben.press('Hang up');
  await ada.call('ben').getByText(/^The call has ended after \d+:\d\d\.$/).waitFor();
  for (const who of [ada, ben]) {
    await until('the connection to be closed', () => who.page.evaluate(() => peers.every((p) => p.connectionState === 'closed')));
    await who.press('Dismiss');
  }
  assert.deepEqual([...ada.chat.errors, ...ben.chat.errors, ...other.chat.errors], []);
  for (const c of browser.contexts()) await c.close();
});

test('who gave up is shown as a missed call, and can be called back', async () => {
  const cy = await open(await context(), 'cy', 'general');
  const ada = await open(await context(), 'ada', 'dm:ada:cy');
  await ada.press('Call cy');
  await cy.call('ada').getByText('Calls you', { exact: true }).waitFor();
  await ada.press('Hang up');
  await cy.call('ada').getByText('Missed call').waitFor();
  assert.deepEqual(await violations(cy.page), []);
  await cy.press('Call back');
  await ada.press('Accept');
  for (const [who, name] of [[ada, 'cy'], [cy, 'ada']]) await who.call(name).getByRole('timer').waitFor({ timeout: 60_000 });
  await cy.press('Turn the camera on');
  await flows(ada, 'ada, whose other had no picture before');
  await ada.page.close(); // the other side is told
  await cy.call('ada').getByText(/^The call has ended/).waitFor({ timeout: 60_000 });
  assert.deepEqual(cy.chat.errors, []);
  for (const c of browser.contexts()) await c.close();
});

test('a call is told of also where nobody has said anything, and after a reload', async () => {
  const dee = await open(await context(), 'dee', 'dm:ada:dee');
  const ada = await open(await context(), 'ada', 'dm:ada:dee');
  const missed = (who) => who.chat.list.getByText(/called .*: missed/);
  await ada.press('Call dee');
  await dee.call('ada').getByText('Calls you', { exact: true }).waitFor();
  await ada.press('Hang up');
  for (const who of [ada, dee]) await missed(who).waitFor();
  await dee.page.reload();
  await missed(dee).waitFor();
  assert.equal(await missed(dee).count(), 1);
  await dee.chat.say('sorry');
  await ada.chat.shows('sorry');
  for (const who of [ada, dee]) assert.equal(await missed(who).count(), 1);
  assert.deepEqual([...ada.chat.errors, ...dee.chat.errors], []);
  for (const c of browser.contexts()) await c.close();
});

test('a screen is shared until that is stopped; who signs out has hung up', async () => {
  const ben = await open(await context(), 'ben', 'general');
  const ada = await open(await context(), 'ada', 'dm:ada:ben');
  await ada.press('Call ben');
  await ben.press('Accept');
  await ada.call('ben').getByRole('timer').waitFor({ timeout: 60_000 });
  const shown = ada.page.getByLabel('What ben shows');
  await ben.press('Share the screen');
  await shown.waitFor();
  await flows(ada, 'ada, who is shown a screen');
  await ben.press('Stop sharing the screen');
  await shown.waitFor({ state: 'hidden' });
  await ben.page.getByRole('button', { name: 'You and your settings' }).click();
  await ben.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await ada.call('ben').getByText(/^The call has ended/).waitFor();
  const r = await fetch(`${server.url}/v1/channels/dm:ada:ben/events?userId=ada&limit=1000`);
  const calls = (await r.json()).events.filter((e) => e.type === 'call');
  assert.equal(calls.at(-1).by, 'ben', 'the server had to find out');
  assert.deepEqual([...ada.chat.errors, ...ben.chat.errors], []);
  for (const c of browser.contexts()) await c.close();
});

test('a call is answered and ended above a modal dialog, and outlives it', async () => {
  const ben = await open(await context({ viewport: { width: 390, height: 760 } }), 'ben', 'general');
  const ada = await open(await context(), 'ada', 'dm:ada:ben');
  const go = ben.page.getByRole('dialog', { name: 'Jump to' });
  const playing = () => ben.page.getByLabel('What ada shows').evaluate((video) => video.currentTime);
  await ben.page.keyboard.press('Control+k');
  await go.getByRole('combobox').fill('gen');
  await ada.press('Call ben with video');
  await ben.press('Accept with video');
  await ben.call('ada').getByRole('timer').waitFor({ timeout: 60_000 });
  await flows(ben, 'ben, who has a dialog open');
  await ben.press('Mute the microphone');
  assert.equal(await go.getByRole('combobox').inputValue(), 'gen');
  await ben.page.keyboard.press('Escape');
  await gone(go);
  await ben.press('Unmute the microphone');
  const before = await playing();
  await until('the picture to go on', async () => (await playing()) > before);
  await ben.page.keyboard.press('Control+k');
  await go.waitFor();
  await ben.press('Hang up');
  await ada.call('ben').getByText(/^The call has ended/).waitFor();
  await ben.press('Dismiss');
  assert.deepEqual([...ada.chat.errors, ...ben.chat.errors], []);
  for (const c of browser.contexts()) await c.close();
});

test('a call that is declined, or to which nobody can come, says so', async () => {
  const cy = await open(await context(), 'cy', 'general');
  const ada = await open(await context(), 'ada', 'dm:ada:cy');
  await ada.press('Call cy');
  await cy.press('Decline');
  await ada.call('cy').getByText('The call was declined.').waitFor();
  await gone(cy.call('ada'));
  await ada.press('Dismiss');

  const deaf = await browser.newContext();
  await deaf.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  const eve = await open(deaf, 'eve', 'dm:cy:eve');
  await eve.press('Call cy');
  await eve.call('cy').getByText('The microphone cannot be used: allow it in the browser.').waitFor();
  assert.equal(await cy.call('eve').count(), 0);
  for (const c of browser.contexts()) await c.close();
});
