// Pages that import the packages of sdk/ as they were built, from the origin of
// a proxy before a server: what passes through it can be broken.
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const sdk = new URL('../sdk/', import.meta.url);
const blank = '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title><div id="root"></div>';
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.html': 'text/html; charset=utf-8', '.css': 'text/css' };

// page opens a page in the context in which import("/sdk/client/index.js")
// works and `new Client({userId})` reaches the server: with --dev under any
// name, else with a token. It is shorthand for a Site that ends with its page.
export async function page(server, { context, ...options }) {
  const site = await Site.start(server, options);
  const tab = await site.page(context);
  tab.once('close', () => site.close());
  return tab;
}

// Site serves /sdk/PACKAGE/… from sdk/PACKAGE/dist, a blank page at /page, and
// `files`, by their paths; everything else goes to the server and back, with
// its Host as it came. So its pages are of the server's own origin, and no
// --origin is needed, with --dev or without.
export class Site {
  // What becomes of WebSockets: `pass`; `refuse`, with 403 as some proxies do;
  // or `mute`, which is never to answer.
  sockets = 'pass';
  // `all`: every request's connection is ended without an answer; `requests`:
  // those of WebSockets pass.
  down = '';
  pace = 0; // so many bytes a second of a request's body are passed on; 0: what comes
  passed = 0; // WebSockets that were let through
  busy = 0; // requests that were passed on and have no end yet
  asked = []; // the paths of the requests that were passed on
  errors = []; // of all its pages' scripts
  url = '';
  #server;
  #http;
  #files;
  #pairs = new Set(); // both ends of each WebSocket under way
  #stuck = new Set(); // sockets on which nothing comes any more

  static async start(server, { files = {} } = {}) {
    const s = new Site();
    s.#server = server;
    s.#files = files;
    s.#http = createServer((q, r) => void s.#answer(q, r));
    s.#http.on('upgrade', (q, socket, head) => s.#upgrade(q, socket, head));
    s.#http.listen(0, '127.0.0.1');
    await once(s.#http, 'listening');
    s.url = `http://127.0.0.1:${s.#http.address().port}`;
    return s;
  }

  // page opens one of this site's pages.
  async page(context, path = '/page') {
    const tab = await context.newPage();
    tab.setDefaultTimeout(60000);
    tab.on('pageerror', (e) => this.errors.push(String(e.stack)));
    await tab.goto(this.url + path);
    return tab;
  }

  // open is how many WebSockets are under way.
  get open() { return this.#pairs.size; }

  // cut ends every WebSocket by RST, at both ends.
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  // silence makes every WebSocket that is under way half-open: nothing passes
  // any more, and neither end is told.
  silence() {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair);
      for (const socket of pair) {
        socket.unpipe();
        socket.pause();
        this.#stuck.add(socket);
      }
    }
  }

  async close() {
    for (const socket of [...[...this.#pairs].flat(), ...this.#stuck]) socket.destroy();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  async #answer(q, r) {
    if (this.down) {
      q.socket.resetAndDestroy();
      return;
    }
    const { pathname } = new URL(q.url, this.url);
    const content = await this.#file(pathname);
    if (content === undefined) {
      this.#pass(q, r);
      return;
    }
    r.setHeader('Content-Type', types[extname(pathname)] ?? types['.html']);
    r.end(content);
  }

  // #file is what the site itself has under a path.
  async #file(path) {
    if (path in this.#files) return this.#files[path];
    if (path === '/page') return blank;
    const [, name, rest] = path.match(/^\/sdk\/([\w-]+)\/([\w./-]+)$/) ?? [];
    if (!name || rest.includes('..')) return undefined;
    return readFile(new URL(`${name}/dist/${rest}`, sdk)).catch(() => undefined);
  }

  #pass(q, r) {
    this.asked.push(q.url);
    this.busy++;
    r.once('close', () => { this.busy--; });
    const { hostname, port } = new URL(this.#server.url);
    const on = request({ hostname, port, method: q.method, path: q.url, headers: q.headers }, (answer) => {
      r.writeHead(answer.statusCode, answer.headers);
      answer.pipe(r);
      answer.on('error', () => r.destroy());
    });
    on.on('error', () => r.destroy());
    r.on('close', () => on.destroy());
    if (this.pace > 0) this.#slowly(q, on).catch(() => on.destroy());
    else q.pipe(on);
  }

  async #slowly(body, on) {
    for await (const some of body) {
      on.write(some);
      await new Promise((done) => setTimeout(done, (some.length / this.pace) * 1000));
    }
    on.end();
  }

  #upgrade(q, socket, head) {
    socket.on('error', () => {}); // close follows
    if (this.down === 'all') {
      socket.resetAndDestroy();
      return;
    }
    if (this.sockets === 'refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    if (this.sockets === 'mute') {
      this.#stuck.add(socket);
      return;
    }
    this.passed++;
    const { hostname, port } = new URL(this.#server.url);
    const on = connect(Number(port), hostname);
    const pair = [socket, on];
    this.#pairs.add(pair);
    for (const end of pair) end.on('close', () => this.#pairs.delete(pair));
    on.on('error', () => socket.destroy());
    on.on('close', () => socket.end());
    socket.on('close', () => on.destroy());
    on.write(`${q.method} ${q.url} HTTP/1.1\r\n${lines(q.rawHeaders)}\r\n`);
    on.write(head);
    socket.pipe(on).pipe(socket);
  }
}

// lines are the headers as they came.
function lines(raw) {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return text;
}

// bundle makes one module of an entry, a file's path, as an application's
// bundler would: packages by their names from sdk/node_modules, TypeScript and
// JSX included. `mode` is what libraries that look at NODE_ENV are made for.
export async function bundle(entry, { minify = false, mode = 'production' } = {}) {
  const { rolldown } = await import(createRequire(new URL('package.json', sdk)).resolve('rolldown'));
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    logLevel: 'warn',
    resolve: { modules: ['node_modules', fileURLToPath(new URL('node_modules', sdk))] },
    transform: { define: { 'process.env.NODE_ENV': JSON.stringify(mode) }, jsx: { runtime: 'automatic' } },
  });
  try {
    const { output } = await build.generate({ format: 'esm', minify, codeSplitting: false });
    return output[0].code;
  } finally {
    await build.close();
  }
}
