// A server of bin/parley in a folder of its own, which can be killed and
// started again where it was.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const parley = fileURLToPath(new URL('../bin/parley', import.meta.url));

export class Server {
  #data;
  #process;
  #args;
  url = '';

  static async start(...args) {
    const s = new Server();
    s.#args = args.length ? args : ['--dev'];
    s.#data = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
    await s.run('127.0.0.1:0');
    return s;
  }

  // run starts the process and waits until it says where it listens.
  async run(addr = this.url.replace('http://', '')) {
    const p = spawn(parley, ['serve', ...this.#args, '--addr', addr, '--data', this.#data], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = p;
    let log = '';
    p.stderr.on('data', (d) => { log = (log + d).slice(-4000); });
    const said = new Promise((resolve, reject) => {
      createInterface({ input: p.stdout }).on('line', (line) => {
        const found = line.match(/http:\/\/[\d.]+:\d+/);
        if (found) resolve(found[0]);
      });
      p.once('error', reject);
      p.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}): ${log}`)));
    });
    this.url = await said;
  }

  // token is one of the user's; more are flags of `parley token`.
  async token(user, ...more) {
    const { stdout } = await promisify(execFile)(parley, ['token', '--data', this.#data, '--user', user, ...more]);
    return stdout.trim();
  }

  // secretKey is the operator's, of a server without --dev.
  async secretKey() { return JSON.parse(await readFile(join(this.#data, 'keys.json'), 'utf8')).secretKey; }

  get pid() { return this.#process.pid; }

  async kill() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }

  // messages are all of a channel, as REST gives them.
  async messages(channel) {
    const r = await fetch(`${this.url}/v1/channels/${encodeURIComponent(channel)}/messages?userId=reader&limit=1000`);
    if (!r.ok) throw new Error(`messages: ${r.status} ${await r.text()}`);
    return (await r.json()).messages;
  }
}

// until calls f until it answers something true, and answers that.
export async function until(what, f, most = 20000) {
  const end = Date.now() + most;
  for (;;) {
    const v = await f();
    if (v) return v;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((r) => setTimeout(r, 25));
  }
}
