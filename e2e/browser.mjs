// The page in Debian's Chromium.
import { chromium } from 'playwright-core';
import { until } from './server.mjs';

export function launch(more = []) {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run', ...more],
  });
}

// Tab is one page, signed in under a name.
export class Tab {
  errors = []; // of scripts and of the console, but for those of a server that is down

  static async open(context, url, name, hash = '') {
    const t = new Tab();
    t.page = await context.newPage();
    t.page.setDefaultTimeout(20000);
    t.page.on('pageerror', (e) => t.errors.push(String(e.stack)));
    t.page.on('dialog', (d) => { t.errors.push(`a dialog: ${d.message()}`); d.dismiss(); });
    t.page.on('console', (m) => {
      if (m.type() === 'error' && !/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/.test(m.text())) t.errors.push(m.text());
    });
    await t.page.goto(url + '/' + hash);
    await t.page.fill('#who-input', name);
    await t.page.press('#who-input', 'Enter');
    await t.up();
    return t;
  }

  // up waits until the channel that is shown is live.
  up() { return this.until('a live channel', () => link.up && channels.get(here).live); }

  until(what, f, arg) { return until(what, () => this.page.evaluate(f, arg)); }

  async say(text) {
    await this.page.fill('#input', text);
    await this.page.press('#input', 'Enter');
  }

  // texts are the messages that are shown, in their order, without those on
  // their way.
  texts() { return this.page.evaluate(() => [...document.querySelectorAll('#log > li .text')].map((e) => e.textContent)); }

  seqs() { return this.page.evaluate(() => [...document.querySelectorAll('#log > li')].map((e) => Number(e.dataset.seq))); }

  shows(text) {
    return this.until(`"${text}"`, (want) => [...document.querySelectorAll('#log > li .text')].some((e) => e.textContent === want), text);
  }

  people() { return this.page.evaluate(() => [...document.querySelectorAll('#people .name')].map((e) => e.textContent)); }
}
