// The chat as a whole, through what breaks: the network, the tab, the server,
// the token. What was said is there once, in one order, for everybody; no flow
// asks for more than the pages' policy allows.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { launch } from './browser.mjs';
import { ChatPage } from './chatpage.mjs';
import { Site } from './sdkpage.mjs';
import { Server, until } from './server.mjs';

let server, browser;

before(async () => { [server, browser] = await Promise.all([Server.start(), launch()]); });
after(async () => {
  await browser?.close();
  await server?.stop();
});

// Scene is a test's site and the people on it. What their pages did wrong is
// known at its end.
class Scene {
  people = [];
  violations = [];
  #contexts = [];

  static async play(of, act) {
    const scene = new Scene();
    scene.site = await Site.start(of);
    try {
      await act(scene);
      assert.deepEqual(scene.violations, []);
      assert.deepEqual(scene.people.flatMap((p) => p.errors), []);
    } finally {
      await Promise.all(scene.#contexts.map((c) => c.close()));
      await scene.site.close();
    }
  }

  // context is a browser of its own, as far as its storage goes. What pages ask
  // for against their policy is noted.
  async context() {
    const context = await browser.newContext();
    this.#contexts.push(context);
    await context.exposeBinding('violated', (_, what) => { this.violations.push(what); });
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => globalThis.violated(`${e.effectiveDirective}: ${e.blockedURI} ${e.sample} (${e.sourceFile}:${e.lineNumber})`));
    });
    return context;
  }

  async enter(name, channel, { context, token } = {}) {
    const person = await ChatPage.open(context ?? await this.context(), this.site.url, name, { channel, token });
    await person.page.evaluate(() => { globalThis.mark = 'the same page'; });
    this.people.push(person);
    return person;
  }

  async lose() {
    this.site.down = 'all';
    this.site.cut();
  }
}

const numbered = (name, n) => Array.from({ length: n }, (_, i) => `${name} ${i}`);
const logged = async (channel, of = server) => (await of.messages(channel)).map((m) => m.text);
const stored = (channel, n, of = server) => until(`${n} messages in ${channel}`, async () => (await logged(channel, of).catch(() => [])).length >= n, 60000);
const same = (person) => person.page.evaluate(() => globalThis.mark === 'the same page');

// post says something from outside of any page.
async function post(channel, user, text) {
  const r = await fetch(`${server.url}/v1/channels/${channel}/messages?userId=${user}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text }),
  });
  assert.equal(r.status, 201);
}

// agree waits until each page shows the channel's log: all of it, once, in order.
async function agree(channel, people, of = server) {
  const log = await logged(channel, of);
  for (const person of people) {
    // What is sent by another tab is at its place once it is known to be stored.
    const shows = async () => isDeepStrictEqual(await person.shown(log), log);
    await until(`${log.length} messages of ${channel}`, shows, 60000).catch(async (err) => {
      assert.deepEqual(await person.shown(log), log);
      throw err;
    });
  }
  return log;
}

// withServer is for what other tests must not see.
async function withServer(flags, act) {
  const own = await Server.start(...flags);
  try {
    await act(own);
  } finally {
    await own.stop();
  }
}

// They wait more than they work: three at a time.
describe('the chat as a whole', { concurrency: 3 }, () => {
  test('a token that ends: the page says so, takes another, and what is said then is sent', () => withServer(['--log-level', 'error'], (own) => Scene.play(own, async (scene) => {
    const ada = await scene.enter('Ada', 'ended', { token: await own.token('ada', '--name', 'Ada', '--ttl', '12s') });
    await ada.say('before');
    await ada.shows('before');
    await ada.page.getByLabel('Token').waitFor(); // when its time is over
    await ada.page.getByText(/expired|ended|no longer/i).first().waitFor();
    await ada.signIn(await own.token('ada', '--name', 'Ada'));
    await ada.go('ended');
    await ada.shows('before');
    await ada.say('after');
    const key = await own.secretKey();
    await until('both', async () => {
      const r = await fetch(`${own.url}/v1/channels/ended/messages`, { headers: { Authorization: `Bearer ${key}` } });
      return (await r.json()).messages.map((m) => m.text).join() === 'before,after';
    });
    assert.ok(await same(ada));
    ada.errors = ada.errors.filter((e) => !/401/.test(e)); // the browser's own note of a refusal
  })));

  test('the network goes in mid-send and comes back: nothing is lost or doubled, and the order is kept', () => Scene.play(server, async (scene) => {
    const [ada, ben] = [await scene.enter('Ada', 'cut'), await scene.enter('Ben', 'cut')];
    const said = numbered('ada', 6);
    for (const [i, text] of said.entries()) {
      await ada.say(text);
      if (i === 2) await scene.lose(); // its answer, and perhaps itself, is on the way
    }
    for (const text of numbered('cy', 3)) await post('cut', 'cy', text);
    await ada.shows('ada 5'); // at once, although nobody else can see it
    scene.site.down = '';
    await stored('cut', 9);
    const log = await agree('cut', [ada, ben]);
    assert.deepEqual(log.filter((t) => t.startsWith('ada')), said);
    assert.ok(await same(ada) && await same(ben));
  }));

  test('a tab is closed with unsent messages and opened again: they are shown, and sent once, in order', () => Scene.play(server, async (scene) => {
    const context = await scene.context();
    const one = await scene.enter('Ada', 'closed', { context });
    await one.say('ada 0');
    await stored('closed', 1);
    await until('its page to know', async () => (await one.kept()) === 0);
    await scene.lose();
    for (const text of numbered('ada', 4).slice(1)) await one.say(text);
    await until('the drafts to be kept', async () => (await one.kept()) === 3);
    await one.page.close();
    assert.deepEqual(await logged('closed'), ['ada 0']);
    scene.site.down = '';
    const two = await scene.enter('Ada', 'closed', { context });
    await stored('closed', 4);
    assert.deepEqual(await agree('closed', [two]), numbered('ada', 4));
  }));

  test('where WebSockets are blocked the chat polls, and two people talk', () => Scene.play(server, async (scene) => {
    scene.site.sockets = 'refuse';
    const [ada, ben] = [await scene.enter('Ada', 'polled'), await scene.enter('Ben', 'polled')];
    for (const text of numbered('ada', 3)) await ada.say(text);
    await ben.shows('ada 2');
    await ben.say('ben 0');
    await ada.shows('ben 0');
    assert.deepEqual(await agree('polled', [ada, ben]), [...numbered('ada', 3), 'ben 0']);
    assert.equal(scene.site.passed, 0);
    assert.ok(scene.site.asked.some((path) => path.startsWith('/v1/poll')));
  }));

  test('kill -9 of the server: both pages go on without a reload, with what was said meanwhile', () => withServer([], (own) => Scene.play(own, async (scene) => {
    const [ada, ben] = [await scene.enter('Ada', 'killed'), await scene.enter('Ben', 'killed')];
    await ada.say('ada 0');
    await ben.shows('ada 0');
    await own.kill();
    await ada.say('ada 1');
    await ben.say('ben 0');
    await ada.say('ada 2');
    await own.run();
    await stored('killed', 4, own);
    const log = await agree('killed', [ada, ben], own);
    assert.deepEqual(log.filter((t) => t.startsWith('ada')), numbered('ada', 3));
    assert.ok(await same(ada) && await same(ben));
  })));

  test('two tabs of one user, both without a network: what each said is sent once, and both show all of it', () => Scene.play(server, async (scene) => {
    const context = await scene.context();
    const [one, two] = [await scene.enter('Ada', 'tabs', { context }), await scene.enter('Ada', 'tabs', { context })];
    await one.say('one 0');
    await two.shows('one 0');
    await scene.lose();
    for (let i = 1; i < 3; i++) {
      await one.say(`one ${i}`);
      await two.say(`two ${i}`);
    }
    scene.site.down = '';
    await stored('tabs', 5);
    const log = await agree('tabs', [one, two]);
    assert.deepEqual(log.filter((t) => t.startsWith('one')), numbered('one', 3));
    assert.deepEqual(log.filter((t) => t.startsWith('two')), numbered('two', 3).slice(1));
    assert.equal(log.length, 5);
  }));

  test('three browsers talk at once, and each shows the one log', () => Scene.play(server, async (scene) => {
    const people = [];
    for (const name of ['Ada', 'Ben', 'Cy']) people.push(await scene.enter(name, 'three'));
    await Promise.all(people.map(async (person, who) => {
      for (const text of numbered(['ada', 'ben', 'cy'][who], 3)) await person.say(text);
    }));
    await stored('three', 9);
    const log = await agree('three', people);
    for (const name of ['ada', 'ben', 'cy']) assert.deepEqual(log.filter((t) => t.startsWith(name)), numbered(name, 3));
  }));
});
