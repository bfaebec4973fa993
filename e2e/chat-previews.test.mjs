// Cards of what messages link to.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { deflateSync, crc32 } from 'node:zlib';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Server, until } from './server.mjs';

let server, off, browser, axe, site, link;
const asked = []; // paths of the site

before(async () => {
  [server, off, browser] = await Promise.all([Server.start('--dev', '--link-previews'), Server.start('--dev'), launch()]);
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  site = createServer(answer);
  await new Promise((listening) => site.listen(0, '127.0.0.1', listening));
  link = `http://127.0.0.1:${site.address().port}`;
});
after(async () => {
  await browser?.close();
  site?.close();
  await Promise.all([server?.stop(), off?.stop()]);
});

function answer(request, response) {
  asked.push(request.url);
  if (request.url === '/picture.png') return response.end(png(640, 480));
  if (request.url.startsWith('/none')) return response.writeHead(404).end();
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  if (request.url.startsWith('/hostile')) {
    return response.end('<title>&lt;img src=x onerror=alert(1)&gt;</title><meta name="description" content="javascript:alert(1)"><meta property="og:image" content="http://127.0.0.1:1/x">');
  }
  response.end(`<title>The history of the log</title><meta property="og:site_name" content="A small encyclopaedia">
    <meta property="og:image" content="/picture.png"><meta name="description" content="Since when things are written down one after the other, and what it was good for: from notches in bones to what databases do before they answer anybody.">`);
}

// png is a picture with something to see on it.
function png(width, height) {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.set([255 * x / width, 120, 255 * y / height], y * (1 + 3 * width) + 1 + 3 * x);
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

test('the first link of a message has a card, and its text stays text', async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const chat = await ChatPage.open(context, server.url, 'Ada', { channel: 'links' });
  await chat.say(`Read this: ${link}/log#part and ${link}/second`);
  const card = chat.list.getByRole('link', { name: /The history of the log/ });
  await card.waitFor();
  assert.match(await card.textContent(), /A small encyclopaedia.*Since when things are written down/);
  assert.equal(await card.getAttribute('href'), `${link}/log`);
  await until('the picture', () => card.locator('img').evaluate((i) => i.complete && i.naturalWidth === 160 && i.src.startsWith('data:image/jpeg')));

  await chat.say(`${link}/hostile`);
  const hostile = chat.list.getByRole('link', { name: /<img src=x onerror=alert\(1\)>/ });
  await hostile.waitFor();
  assert.equal(await hostile.locator('img').count(), 0);
  await chat.say(`nothing: ${link}/none, and \`${link}/code\``);
  await chat.say('the last');
  await until('the page that is none', () => asked.includes('/none'));
  await chat.shows('the last');

  // The other who reads it asks the server, which has it.
  const ben = await ChatPage.open(await browser.newContext(), server.url, 'Ben', { channel: 'links' });
  await ben.list.getByRole('link', { name: /The history of the log/ }).waitFor();
  assert.deepEqual(asked.filter((path) => path !== '/picture.png'), ['/log', '/hostile', '/none']);

  for (const [width, height, scheme] of [[1440, 900, 'light'], [390, 844, 'dark']]) {
    await chat.page.setViewportSize({ width, height });
    await chat.themed(scheme);
    await card.waitFor();
    await chat.check(`${width} ${scheme}`, axe, assert);
  }
  assert.deepEqual([...chat.errors, ...ben.errors], []);
});

test('a server without previews is not asked for any', async () => {
  const context = await browser.newContext();
  const chat = await ChatPage.open(context, off.url, 'Ada', { channel: 'links' });
  const requests = [];
  chat.page.on('request', (r) => requests.push(new URL(r.url()).pathname));
  await chat.say(`${link}/off`);
  await chat.list.getByRole('link', { name: `${link}/off` }).waitFor();
  await chat.say('and more');
  await chat.shows('and more');
  assert.ok(!requests.includes('/v1/previews') && !asked.includes('/off'));
  assert.deepEqual(chat.errors, []);
});
