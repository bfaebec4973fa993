// Files in the chat: on their way, shared, looked at and saved.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

const megabyte = 1 << 20;
let server, site, browser, axe, folder;

before(async () => {
  [server, browser] = await Promise.all([Server.start('--dev', '--upload-max-size', '6MiB'), launch()]);
  site = await Site.start(server);
  folder = await mkdtemp(join(tmpdir(), 'parley-files-'));
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});
after(async () => {
  await browser?.close();
  await site?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const bytes = (size, seed = 1) => Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * seed + (i >> 8)) % 251));
const sum = (buffer) => createHash('sha256').update(buffer).digest('hex');

// written puts a file on the disk, from where it is chosen; its bytes are answered.
async function written(name, content) {
  await writeFile(join(folder, name), content);
  return content;
}

async function open(name, channel, options) {
  const context = await browser.newContext(options);
  return { context, ...parts(await ChatPage.open(context, site.url, name, { channel })) };
}

function parts(chat) {
  const { page } = chat;
  return {
    chat,
    page,
    button: (name) => page.getByRole('button', { name, exact: true }),
    progress: (name) => page.getByRole('progressbar', { name: `Progress of ${name}` }),
    choose: (...names) => page.getByLabel('Files to attach').first().setInputFiles(names.map((name) => join(folder, name))),
  };
}

// passed waits until so many of a file's bytes have gone out, and not all.
async function passed(bar, least) {
  await bar.waitFor();
  await until(`${least} bytes`, () => bar.evaluate((b, n) => b.value >= n && b.value < b.max, least));
}

const gone = (locator) => locator.waitFor({ state: 'detached' });

// saved is the content of what a button saves.
async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), sum: sum(await readFile(await download.path())) };
}

// violations are what axe finds in a part of the page.
async function violations(page, part = 'main') {
  await page.evaluate(axe);
  const found = await page.evaluate((part) => window.axe.run(part), part);
  return found.violations.map((v) => [v.id, v.nodes.map((n) => `${n.html} ${n.any[0]?.message ?? ''}`)]);
}

test('a file goes up with progress, waits while it is paused, and comes down as it was', async () => {
  const ada = await open('ada', 'paused');
  const ben = await open('ben', 'paused');
  await ben.chat.say('where is the plan?');
  const file = await written('plan.bin', bytes(5 * megabyte));
  site.pace = 3 * megabyte;
  await ada.choose('plan.bin');
  await passed(ada.progress('plan.bin'), megabyte / 4);
  await ada.button('Pause plan.bin').click();
  await until('the request to end', () => site.busy === 0);
  await ada.page.getByText(/^Paused · /).waitFor();
  const asked = site.asked.length;
  assert.deepEqual(await violations(ada.page), []);
  assert.equal(site.asked.slice(asked).filter((path) => path.startsWith('/api/tus')).length, 0);
  site.pace = 1 << 30;
  await ada.button('Resume plan.bin').click();
  await gone(ada.progress('plan.bin'));
  const got = await saved(ben.page, ben.button('Download plan.bin'));
  assert.deepEqual(got, { name: 'plan.bin', sum: sum(file) });
  assert.deepEqual([...ada.chat.errors, ...ben.chat.errors], []);
  for (const { context } of [ada, ben]) await context.close();
});

test('a server that is killed in the middle of an upload, and a network that goes, only delay it', async () => {
  const ada = await open('ada', 'killed');
  const file = await written('film.bin', bytes(6 * megabyte, 3));
  site.pace = 3 * megabyte;
  await ada.choose('film.bin');
  await passed(ada.progress('film.bin'), megabyte);
  await server.kill();
  await ada.page.getByText(/^Waits for the server/).waitFor();
  await server.run();
  await passed(ada.progress('film.bin'), 2.1 * megabyte);
  await ada.context.setOffline(true);
  await ada.page.getByText(/^Waits for the server/).waitFor();
  site.pace = 1 << 30;
  await ada.context.setOffline(false);
  await gone(ada.progress('film.bin'));
  assert.equal((await saved(ada.page, ada.button('Download film.bin'))).sum, sum(file));
  assert.equal(site.asked.filter((path) => path.startsWith('/api/tus?')).length, 2, 'uploads that were begun, by both tests');
  await ada.context.close();
});

test('a tab that was closed in the middle is no loss: the same file goes on where it was', async () => {
  const context = await browser.newContext();
  const begun = () => site.asked.filter((path) => path.startsWith('/api/tus?')).length;
  const before = begun();
  const file = await written('notes.bin', bytes(5 * megabyte, 5));
  const first = parts(await ChatPage.open(context, site.url, 'ada', { channel: 'closed' }));
  site.pace = 3 * megabyte;
  await first.choose('notes.bin');
  await passed(first.progress('notes.bin'), 2.1 * megabyte);
  await first.page.close();
  await until('the request to end', () => site.busy === 0);
  site.pace = 1 << 30;
  const page = await context.newPage();
  await page.goto(`${site.url}/#/c/closed`);
  const name = page.getByLabel('Name');
  const composer = page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true });
  await name.or(composer).first().waitFor();
  if (await name.isVisible()) {
    await name.fill('ada');
    await name.press('Enter');
  }
  await composer.waitFor();
  const second = parts({ page });
  await second.choose('notes.bin');
  assert.equal((await saved(page, second.button('Download notes.bin'))).sum, sum(file));
  assert.equal(begun() - before, 1);
  await context.close();
});

test('what is too large is refused in words, and what is cancelled goes away', async () => {
  const ada = await open('ada', 'refused');
  await written('huge.bin', bytes(6 * megabyte + 1));
  await written('small.txt', 'small');
  await ada.choose('huge.bin', 'small.txt');
  await ada.page.getByText('Too large: a file has at most 6.3 MB.').waitFor();
  await ada.button('Download small.txt').waitFor();
  await ada.button('Cancel huge.bin').click();
  await gone(ada.progress('huge.bin'));
  assert.equal((await server.messages('refused')).length, 1);
  await ada.context.close();
});

// sound is a second of silence.
function sound() {
  const wav = Buffer.alloc(44 + 8000, 128);
  wav.write('RIFF');
  wav.writeUInt32LE(36 + 8000, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); // PCM
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(8000, 40);
  return wav;
}

// picture is dispatched in the page: an image of that name and colour, dropped
// or pasted.
async function picture([how, name, color]) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 900 });
  const context = canvas.getContext('2d');
  context.fillStyle = color;
  context.fillRect(0, 0, 1600, 900);
  for (let i = 0; i < 40_000; i++) { // so that it is worth a thumbnail
    context.fillStyle = `hsl(${(i * 47) % 360} 60% 50%)`;
    context.fillRect((i * 337) % 1600, (i * 211) % 899, 4, 4);
  }
  const blob = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  const transfer = new DataTransfer();
  transfer.items.add(new File([blob], name, { type: 'image/png' }));
  const target = document.querySelector('main textarea, main input');
  const fire = (type) => target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  if (how === 'paste') target.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: transfer }));
  else {
    fire('dragenter');
    await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
    globalThis.aimed = document.body.innerText.includes('Drop files to share them here');
    fire('drop');
  }
}

test('images are dropped and pasted, shown in their proportions, and looked at; sound plays in place', async () => {
  const ada = await open('ada', 'images');
  const ben = await open('ben', 'images', { colorScheme: 'dark' });
  await ada.page.evaluate(picture, ['drop', 'first.png', '#264653']);
  assert.equal(await ada.page.evaluate(() => globalThis.aimed), true);
  await ben.button('Open first.png').waitFor();
  await ada.chat.say('between them');
  await ada.page.evaluate(picture, ['paste', 'second.png', '#e76f51']);
  const shown = ben.button('Open second.png');
  await shown.waitFor();
  await until('the thumbnail', () => shown.locator('img').evaluate((i) => i.complete && i.naturalWidth > 0));
  const { ratio, thumbnail } = await shown.evaluate((b) => ({ ratio: b.clientWidth / b.clientHeight, thumbnail: b.querySelector('img').naturalWidth }));
  assert.ok(Math.abs(ratio - 16 / 9) < 0.1, `it is ${ratio} times as wide as high`);
  assert.equal(thumbnail, 320);
  await written('ding.wav', sound());
  await ada.choose('ding.wav');
  const player = ben.page.locator('audio[aria-label="ding.wav"]');
  await until('the sound', () => player.evaluate((a) => a.duration === 1));
  assert.deepEqual(await violations(ben.page), []);

  await shown.click();
  const lightbox = (name) => ben.page.getByRole('dialog', { name: `Image ${name}` });
  const image = lightbox('second.png').getByRole('img', { name: 'second.png' });
  await until('the image itself', () => image.evaluate((i) => i.naturalWidth === 1600));
  assert.deepEqual(await violations(ben.page, 'dialog[open]'), []);
  await ben.page.getByRole('button', { name: 'Previous image' }).waitFor();
  assert.equal(await ben.page.getByRole('button', { name: 'Next image' }).count(), 0);
  await ben.page.keyboard.press('ArrowLeft');
  await lightbox('first.png').waitFor();
  await ben.page.keyboard.press('+');
  await until('it to be larger', () => lightbox('first.png').getByRole('img').evaluate((i) => i.clientWidth === 1600));
  await ben.page.keyboard.press('0');
  await ben.page.keyboard.press('ArrowRight');
  await lightbox('second.png').waitFor();
  const { name } = await saved(ben.page, lightbox('second.png').getByRole('button', { name: 'Download second.png' }));
  assert.equal(name, 'second.png');
  await ben.page.keyboard.press('Escape');
  await gone(lightbox('second.png'));
  assert.equal(await shown.evaluate((b) => b === document.activeElement), true);
  assert.deepEqual([...ada.chat.errors, ...ben.chat.errors], []);
  for (const { context } of [ada, ben]) await context.close();
});

test('what is dropped on a thread is a reply to it, and what is dropped on nothing does not take the page away', async () => {
  const ada = await open('ada', 'thread');
  await ada.chat.say('what about it?');
  const { id } = await until('the message', async () => (await server.messages('thread'))[0]);
  await ada.page.evaluate((place) => { location.hash = place; }, `#/c/thread/t/${id}`);
  const reply = ada.page.getByRole('region', { name: 'Thread' }).getByRole('textbox', { name: 'Reply' });
  await reply.waitFor();
  // fired is whether the browser would go on with what it does by itself.
  const fired = (type, locator) => locator.evaluate((target, type) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['yes'], 'answer.txt'));
    return target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  }, type);
  await fired('dragenter', reply);
  const aim = ada.page.getByText('Drop files to share them here');
  await aim.first().waitFor();
  assert.equal(await aim.count(), 1);
  await fired('drop', reply);
  const answer = await until('the reply', async () => (await server.messages('thread'))[1]);
  assert.deepEqual([answer.parentId, answer.body.fileName], [id, 'answer.txt']);
  await gone(aim);
  assert.equal(await fired('drop', ada.page.getByRole('navigation').first()), false);
  assert.equal((await server.messages('thread')).length, 2);
  await ada.context.close();
});

test('what a message claims of a file is not believed: nothing but files of this server is shown', async () => {
  const bodies = [
    { type: 'file', url: 'https://evil.example/x.png', fileName: 'a.png', width: 10, height: 10 },
    { type: 'file', url: 'javascript:alert(1)', fileName: 'b' },
    { type: 'file', url: '/files/../v1/users/ada', fileName: 'c' },
    { type: 'file', url: '//evil.example/files/aaaaaaaaaaaaaaaaaaaaaaaaaa', fileName: 'd' },
    { type: 'file', url: '/files/aaaaaaaaaaaaaaaaaaaaaaaaaa', fileName: '<img src=x onerror=hacked=1>', width: 1e308, height: -1, fileSize: 'many' },
  ];
  for (const body of bodies) {
    const r = await fetch(`${server.url}/v1/channels/hostile/messages?userId=eve`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ body }) });
    assert.equal(r.status, 201);
  }
  const ada = await open('ada', 'hostile');
  await ada.button('Download <img src=x onerror=hacked=1>').waitFor();
  assert.equal(await ada.page.getByRole('button', { name: /^(Download|Open) / }).count(), 1);
  assert.equal(await ada.page.evaluate(() => globalThis.hacked), undefined);
  await ada.button('Download <img src=x onerror=hacked=1>').click();
  await ada.page.getByText('This file is no longer there.').waitFor();
  await ada.context.close();
});
