// The first messages of docs/doors.md, as they stand there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { Server, until } from './server.mjs';

const page = await readFile(new URL('../docs/doors.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^## (\S+): .*?\n```(?:js|sh) (browser|node|shell)\n(.*?)^```$/gms)];

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => { await browser?.close(); await server?.stop(); });

// Each way runs code, and gives what it printed so far and how to end it.
const ways = {
  async browser(code) {
    const tab = await browser.newPage();
    let told = '';
    tab.on('console', (m) => { told += `${m.text()}\n`; });
    await tab.goto(server.url);
    await tab.evaluate(`(() => {${code}})()`);
    return { told: () => told, end: () => tab.close() };
  },
  async node(code) {
    const file = fileURLToPath(new URL(`doors-${process.pid}.tmp.mjs`, import.meta.url));
    await writeFile(file, code);
    return run('node', [file], () => rm(file));
  },
  shell: (code) => run('bash', ['-euo', 'pipefail', '-c', code]),
};

function run(program, args, then = () => {}) {
  const p = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  p.stdout.on('data', (d) => { told += d; });
  return { told: () => told, end: async () => { p.kill(); await then(); } };
}

test('each door has a first message', () => {
  const doors = [...page.matchAll(/^\| \[`(\/[^`]*)`[^\]]*\]\(#/gm)].map((m) => m[1].split('`')[0].split(',')[0]);
  assert.deepEqual(blocks.map((b) => b[1]), doors.map((d) => d));
});

for (const [, door, way, text] of blocks) {
  test(`${door}: pasted, it says and hears its first message`, async () => {
    const said = text.match(/hello [\w ]+/)[0];
    const code = text.replaceAll('http://127.0.0.1:8080', server.url).replaceAll('ws://127.0.0.1:8080', server.url.replace('http', 'ws'));
    assert.ok(text.trim().split('\n').length <= 10, 'more than ten lines');
    const running = await ways[way](code);
    try {
      const heard = door === '/chat' ? 'message_ack' : said;
      await until(`"${heard}" in what is printed`, () => running.told().includes(heard));
      await until(`"${said}" in the channel`, async () => (await server.messages('general')).some((m) => m.text.includes(said)));
    } finally {
      await running.end();
    }
  });
}
