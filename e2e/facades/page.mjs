// The sample components, each bundled once, as pages of a server's own origin.
import { fileURLToPath } from 'node:url';
import { bundle, Site } from '../sdkpage.mjs';
import { until } from '../server.mjs';

const html = (name) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title><div id="root"></div><script type="module" src="/${name}.js"></script>`;

// samples bundles components, for the development mode: there React calls each
// effect twice under StrictMode.
export async function samples(names) {
  const files = {};
  for (const name of names) {
    const entry = fileURLToPath(new URL(`${name}.tsx`, import.meta.url));
    files[`/${name}`] = html(name);
    files[`/${name}.js`] = await bundle(entry, { mode: 'development' });
  }
  return files;
}

// Sample is a page of one of them, with a network of its own before the server.
export class Sample {
  static async open(browser, server, files, path) {
    const s = new Sample();
    s.site = await Site.start(server, { files });
    s.context = await browser.newContext();
    s.page = await s.site.page(s.context, path);
    return s;
  }

  // tab is another page of the same browser, for the same user.
  async tab(path) {
    const s = Object.assign(new Sample(), { site: this.site, context: this.context });
    s.page = await this.site.page(this.context, path);
    return s;
  }

  do(f, arg) { return this.page.evaluate(f, arg); }

  until(what, f, arg) { return until(what, () => this.page.evaluate(f, arg), 60000); }

  // shows waits until an element has the text.
  shows(selector, text) {
    return this.until(`${selector} to be "${text}"`, ([s, t]) => document.querySelector(s)?.textContent === t, [selector, text]);
  }

  texts() { return this.do(() => [...document.querySelectorAll('#messages .text')].map((e) => e.textContent)); }

  // has waits until the messages are these, no more and no less.
  async has(texts) {
    await this.until(texts.join(), (n) => document.querySelectorAll('#messages .text').length >= n, texts.length);
    const got = await this.texts();
    if (JSON.stringify(got) !== JSON.stringify(texts)) throw new Error(`shown: ${got.join(' | ')}; to be shown: ${texts.join(' | ')}`);
  }

  async say(text, input = '#draft') {
    await this.page.fill(input, text);
    await this.page.press(input, 'Enter');
    if (input === '#draft') await this.until('the empty input', () => document.querySelector('#draft').value === '');
  }

  // offline ends every connection and lets none through.
  offline() {
    this.site.down = 'all';
    this.site.cut();
  }

  online() { this.site.down = ''; }

  async close() {
    await this.context.close();
    await this.site.close();
  }
}
