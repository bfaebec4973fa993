// Uploads of @parley/client in Chromium, by XMLHttpRequest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { User } from './sdkuser.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

const megabyte = 1 << 20;
let server, site, browser;

before(async () => {
  [server, browser] = await Promise.all([Server.start('--dev', '--upload-max-size', '40MiB'), launch()]);
  site = await Site.start(server);
});
after(async () => { await browser?.close(); await site?.close(); await server?.stop(); });

// begin starts an upload of so many bytes in the page: `progress` is what it
// told, `outcome` what came of it, `stop` gives it up.
function begin([channel, size]) {
  const bytes = new Uint8Array(size).map((_, i) => i % 251);
  const controller = new AbortController();
  Object.assign(globalThis, { progress: [], outcome: undefined, stop: () => controller.abort() });
  client.upload(new File([bytes], 'plan.bin'), {
    channel, signal: controller.signal, onProgress: (sent, total) => progress.push([sent, total]),
  }).then((file) => { globalThis.outcome = { file }; }, (e) => { globalThis.outcome = { error: e.name, code: e.code }; });
}

test('a file goes up with progress, is shared by a message, and comes down as it was', async () => {
  const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
  const ada = await User.open(site, contexts[0], { userId: 'ada' }, ['files']);
  const bob = await User.open(site, contexts[1], { userId: 'bob' }, ['files']);
  const size = 8 * megabyte;
  await ada.do(begin, ['files', size]);
  const { file } = await ada.until('the upload', () => outcome);
  assert.deepEqual([file.fileName, file.fileSize], ['plan.bin', size]);
  const progress = await ada.do(() => globalThis.progress);
  assert.ok(progress.length > 0);
  const [sent, total] = progress.at(-1);
  assert.equal(sent, total);
  assert.ok(total > size && total < size + 4096, `of ${total} bytes`); // the form's own few are among them
  assert.deepEqual(progress.filter(([n], i) => i > 0 && n < progress[i - 1][0]), []);

  await ada.do(({ url, fileName, fileSize }) => client.sendMessage('files', { body: { type: 'file', url, fileName, fileSize } }), file);
  await bob.until('the message', () => got.length === 1);
  const wrong = await bob.do(async (path) => {
    const bytes = new Uint8Array(await (await fetch(`${path}?userId=bob`)).arrayBuffer());
    return [bytes.length, bytes.findIndex((b, i) => b !== i % 251)];
  }, file.url);
  assert.deepEqual(wrong, [size, -1]);
  assert.deepEqual(site.errors, []);
  for (const c of contexts) await c.close();
});

test('an upload under way is given up: the promise fails, the request ends, and nothing is kept', async () => {
  const context = await browser.newContext();
  const ada = await User.open(site, context, { userId: 'ada' }, ['given-up']);
  site.pace = 8 * megabyte; // so that it is not over first
  const requests = () => site.asked.filter((path) => path === '/api/upload?userId=ada').length;
  const before = requests();
  await ada.do(begin, ['given-up', 32 * megabyte]);
  await until('the request', () => requests() > before);
  await ada.until('some progress', () => progress.length > 0);
  assert.equal(await ada.do(() => outcome), undefined);
  const [sent, total] = await ada.do(() => progress.at(-1));
  assert.ok(sent < total, `all ${total} bytes were gone`);
  await ada.do(() => stop());
  assert.deepEqual(await ada.until('the end', () => outcome), { error: 'AbortError', code: 20 });
  await until('the request to end', () => site.busy === 0);
  site.pace = 0;
  const told = await ada.do(() => progress.length);

  // The client is as good as before, and nothing more is told of the first.
  await ada.do(begin, ['given-up', megabyte]);
  const { file } = await ada.until('the next upload', () => outcome);
  assert.equal(file.fileSize, megabyte);
  assert.ok(told > 0);
  assert.deepEqual(site.errors, []);
  await context.close();
});

test('a file that is too large is refused with the code', async () => {
  const context = await browser.newContext();
  const ada = await User.open(site, context, { userId: 'ada' }, ['large']);
  await ada.do(begin, ['large', 41 * megabyte]);
  assert.deepEqual(await ada.until('the refusal', () => outcome), { error: 'ParleyError', code: 'too_large' });
  await context.close();
});
