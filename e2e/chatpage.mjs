// The chat in a browser, as a person finds it: by roles and names.
import { kept } from './browser.mjs';
import { until } from './server.mjs';

const ofAServerThatIsDown = /WebSocket connection to .* failed|ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED/;

export class ChatPage {
  errors = []; // of scripts and of the console, but for those of a server that is down

  // open signs somebody in, in a tab of the context: by name on a server with
  // --dev, by `token` elsewhere. `channel` is where they go; undefined: where
  // the page takes them.
  static async open(context, url, name, { channel, token, hash = channel === undefined ? '' : `#/c/${encodeURIComponent(channel)}` } = {}) {
    const chat = new ChatPage();
    chat.page = await context.newPage();
    chat.page.setDefaultTimeout(30000);
    chat.watch();
    await chat.page.goto(`${url}/${hash}`);
    await chat.signIn(token ?? name);
    await chat.up();
    return chat;
  }

  watch() {
    this.page.on('pageerror', (e) => this.errors.push(String(e.stack)));
    this.page.on('dialog', (d) => { this.errors.push(`a dialog: ${d.message()}`); d.dismiss(); });
    this.page.on('console', (m) => {
      if (m.type() === 'error' && !ofAServerThatIsDown.test(m.text())) this.errors.push(m.text());
    });
  }

  async signIn(what) {
    await this.page.getByLabel(/^(Name|Token)$/).fill(what);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  get composer() { return this.page.getByRole('main').getByRole('textbox', { name: 'Message', exact: true }); }
  get list() { return this.page.getByRole('region', { name: 'Messages', exact: true }); }
  get sidebar() { return this.page.getByRole('complementary', { name: 'Channels and people' }); }
  get title() { return this.page.getByRole('main').getByRole('heading', { level: 1 }); }

  // up waits until there is somewhere to write.
  up() { return this.composer.waitFor(); }

  // channel is a row of the sidebar, by how it is called there.
  channel(name) { return this.sidebar.getByRole('link', { name }); }

  async go(channel) {
    await this.page.evaluate((hash) => { location.hash = hash; }, `#/c/${encodeURIComponent(channel)}`);
    await this.up();
  }

  // shown are those of `among` that the list shows, in its order, each as often
  // as it is there.
  shown(among) {
    return this.list.evaluate((list, among) => {
      const wanted = new Set(among);
      const shown = [];
      const walk = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const text = node.data.trim();
        if (wanted.has(text) && node.parentElement) shown.push({ text, top: node.parentElement.getBoundingClientRect().top });
      }
      return shown.sort((a, b) => a.top - b.top).map((s) => s.text);
    }, among);
  }

  // kept is how many messages wait in the browser's database.
  kept() { return this.page.evaluate(kept); }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  shows(text) { return this.list.getByText(text, { exact: true }).first().waitFor(); }

  until(what, f, arg) { return until(what, () => this.page.evaluate(f, arg)); }

  // texts are those of the messages that are shown, in their order.
  texts() { return this.list.getByRole('article').evaluateAll((all) => all.map((one) => (one.querySelector('[dir=auto]') ?? one.querySelector('p:last-of-type'))?.textContent)); }

  // menu opens the sidebar on a phone.
  menu() { return this.page.getByRole('main').getByRole('button', { name: /^Channels and people/ }).click(); }

  // banner says that there is no connection.
  get banner() { return this.page.getByRole('main').getByText(/connection|Connecting/).first(); }

  // check fails where axe (its source) finds something.
  async check(state, axe, assert) {
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axe);
    const found = await this.page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    assert.deepEqual(found.violations.map((v) => `${state}: ${v.id}: ${v.nodes.map((n) => n.html + ' ' + (n.any[0]?.message ?? '')).join(' ')}`), []);
  }

  // themed has the page look as somebody with a system of this theme sees it.
  themed(colorScheme) { return this.page.emulateMedia({ colorScheme }); }
}
