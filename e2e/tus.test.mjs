// Uploads in pieces by tus-js-client, which knows nothing of Parley.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as tus from 'tus-js-client';
import { Server, until } from './server.mjs';

const megabyte = 1 << 20;
let server;

before(async () => { server = await Server.start('--dev', '--upload-max-size', '40MiB'); });
after(() => server?.stop());

// Sending is an upload of ada's: what it told, and what came of it.
class Sending {
  asked = [];     // methods of requests, and the offsets that were answered
  file;           // what Parley-File said
  outcome;        // 'done', or the error

  constructor(content, options) {
    this.upload = new tus.Upload(content, {
      endpoint: `${server.url}/api/tus?userId=ada`,
      metadata: { filename: 'plän.bin', filetype: 'application/octet-stream', channel: 'files' },
      retryDelays: Array(60).fill(500),
      onAfterResponse: (request, response) => {
        this.asked.push([request.getMethod(), response.getStatus(), Number(response.getHeader('Upload-Offset'))]);
        const file = response.getHeader('Parley-File');
        if (file) this.file = JSON.parse(Buffer.from(file, 'base64url').toString());
      },
      onSuccess: () => { this.outcome = 'done'; },
      onError: (e) => { this.outcome = e; },
      ...options,
    });
    this.upload.start();
  }

  async done() {
    await until('the upload', () => this.outcome, 60000);
    assert.equal(this.outcome, 'done');
    return this.file;
  }
}

async function content(path) {
  const answer = await fetch(`${server.url}${path}?userId=ada`);
  assert.equal(answer.status, 200);
  return Buffer.from(await answer.arrayBuffer());
}

test('a file goes up in pieces, and Parley-File says what it became', async () => {
  const bytes = randomBytes(5 * megabyte + 1);
  const sending = new Sending(bytes, { chunkSize: 2 * megabyte });
  const file = await sending.done();
  assert.deepEqual([file.fileName, file.fileSize, file.type], ['plän.bin', bytes.length, 'application/octet-stream']);
  assert.deepEqual(sending.asked.map(([method, , offset]) => [method, offset]), [
    ['POST', 0], ['PATCH', 2 * megabyte], ['PATCH', 4 * megabyte], ['PATCH', bytes.length],
  ]);
  assert.ok((await content(file.url)).equals(bytes));
});

test('its first bytes may come with its creation, and it may have none', async () => {
  const bytes = randomBytes(1000);
  const along = new Sending(bytes, { uploadDataDuringCreation: true });
  assert.ok((await content((await along.done()).url)).equals(bytes));
  assert.deepEqual(along.asked, [['POST', 201, 1000]]);
  const nothing = new Sending(Buffer.alloc(0), {});
  assert.equal((await nothing.done()).fileSize, 0);
});

test('kill -9 in the middle: the client goes on where the server was', async () => {
  const bytes = randomBytes(32 * megabyte);
  const sending = new Sending(bytes, { chunkSize: 6 * megabyte });
  await until('a piece', () => sending.asked.some(([method]) => method === 'PATCH'));
  await server.kill();
  await server.run();
  const file = await sending.done();
  assert.ok((await content(file.url)).equals(bytes));
  const back = sending.asked.find(([method]) => method === 'HEAD');
  if (back) assert.ok(back[2] >= 6 * megabyte, `back at ${back[2]}`); // else it was over before
});

test('a pause, another server process, another client: it goes on; given up, it is gone', async () => {
  const bytes = randomBytes(12 * megabyte);
  const first = new Sending(bytes, { chunkSize: 3 * megabyte });
  await until('a piece', () => first.asked.some(([method]) => method === 'PATCH'));
  await first.upload.abort();
  await server.kill();
  await server.run();
  const second = new Sending(bytes, { chunkSize: 3 * megabyte, uploadUrl: first.upload.url });
  assert.ok((await content((await second.done()).url)).equals(bytes));
  assert.equal(second.asked[0][0], 'HEAD');
  assert.ok(second.asked[0][2] >= 3 * megabyte);

  const third = new Sending(bytes, { chunkSize: megabyte });
  await until('a piece', () => third.asked.some(([method]) => method === 'PATCH'));
  await third.upload.abort(true);
  const gone = await fetch(third.upload.url, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } });
  assert.equal(gone.status, 404);
});

test('what is refused is told, and not tried again', async () => {
  const large = new Sending(randomBytes(41 * megabyte), {});
  await until('the refusal', () => large.outcome);
  assert.match(large.outcome.originalResponse.getBody(), /"code":"too_large"/);
  assert.equal(large.asked.length, 1);
});
