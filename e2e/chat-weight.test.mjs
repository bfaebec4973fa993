// What the chat may weigh: the bytes that it loads before it can be used, what
// messages leave in its memory, and how much of the page a message moves.
// bench/web/figures.mjs measures more.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cost } from '../bench/web/cost.mjs';
import { Crowd, heap, reader, shows } from '../bench/web/crowd.mjs';
import { launch } from './browser.mjs';
import { Server } from './server.mjs';

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the first load is at most 150,000 bytes, and a message at most 2 KiB of memory and no element', async () => {
  const { context, page, open } = await reader(browser, server.url, 'weight');
  const cdp = await context.newCDPSession(page);
  let bytes = 0;
  cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
  await cdp.send('Network.enable');
  await open();
  await page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true }).waitFor();
  assert.ok(bytes > 50_000 && bytes <= 150_000, `the first load has ${bytes} bytes`);

  const crowd = await Crowd.open(server.url);
  await crowd.flood('weight', 300); // what a list takes in any case
  await shows(page, crowd.last, 120_000);
  const empty = await heap(page);
  await crowd.flood('weight', 1000);
  await shows(page, crowd.last, 120_000);
  const full = await heap(page);
  crowd.close();
  await context.close();
  const each = (full.bytes - empty.bytes) / 1000;
  assert.ok(each <= 2048, `a message takes ${each.toFixed(0)} bytes`);
  assert.ok(full.nodes - empty.nodes <= 1000, `there are ${full.nodes - empty.nodes} more nodes`);
});

// watched counts in the page what changes in the rows that are there now.
function watched() {
  const feed = document.querySelector('[role=feed]');
  const old = new Set(feed.querySelectorAll('article'));
  const seen = globalThis.seen = { old: 0 };
  new MutationObserver((records) => {
    for (const { target } of records) if (old.has(target.closest?.('article'))) seen.old++;
  }).observe(feed, { subtree: true, childList: true, attributes: true, characterData: true });
}

test('a message that comes lays the page out at most twice, and leaves the others alone', async () => {
  const { context, page, open } = await reader(browser, server.url, 'alone');
  await open();
  await page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true }).waitFor();
  const crowd = await Crowd.open(server.url);
  await crowd.talk('alone', 50, 1);
  await shows(page, crowd.last, 120_000);
  await page.evaluate(watched);
  let n;
  const { layouts } = await cost(page, async () => {
    n = await crowd.talk('alone', 50, 2);
    await shows(page, crowd.last, 120_000);
  });
  assert.ok(layouts <= 2 * n, `${n} messages took ${layouts} layouts`);
  assert.equal((await page.evaluate(() => globalThis.seen)).old, 0);
  crowd.close();
  await context.close();
});
