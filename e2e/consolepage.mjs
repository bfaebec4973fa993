// The console in a browser, as an operator finds it: by roles and names.
import { until } from './server.mjs';

export class ConsolePage {
  errors = []; // of scripts and of the console, but for answers that are refusals

  // open goes to the console; with a credential it signs in.
  static async open(context, url, credential, hash = '') {
    const console = new ConsolePage();
    console.page = await context.newPage();
    console.page.setDefaultTimeout(30000);
    console.page.on('pageerror', (e) => console.errors.push(String(e.stack)));
    console.page.on('console', (m) => {
      if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) console.errors.push(m.text());
    });
    await console.page.goto(`${url}/console${hash}`);
    if (credential === undefined) return console;
    await console.enter(credential);
    await console.navigation.waitFor();
    return console;
  }

  async enter(credential) {
    await this.page.getByLabel('Secret key or token').fill(credential);
    await this.page.getByRole('button', { name: 'Open the console' }).click();
  }

  get navigation() { return this.page.getByRole('navigation', { name: 'Console' }); }
  get main() { return this.page.getByRole('main'); }
  get dialog() { return this.page.getByRole('dialog'); }

  // go opens a place by its hash, and waits until its heading says so.
  async go(hash, heading) {
    await this.page.evaluate((h) => { location.hash = h; }, hash);
    await this.main.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  }

  // row is the row of a table whose header is what it is about.
  row(name) { return this.main.getByRole('row').filter({ has: this.page.getByRole('rowheader', { name }) }); }

  button(name) { return this.main.getByRole('button', { name, exact: true }); }

  // confirm presses the button of the dialog that asks, and waits until it is done.
  async confirm(name) {
    await this.dialog.getByRole('button', { name, exact: true }).click();
    await this.dialog.waitFor({ state: 'detached' });
  }

  until(what, f, arg) { return until(what, () => this.page.evaluate(f, arg)); }
}
