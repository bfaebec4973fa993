import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { preview } from "vite";
import { expect } from "vitest";
import { Server, until as waitFor } from "../../e2e/server.mjs";

export { Server };

/** Calls `f` until it answers something true, and answers that; on a busy machine that may take a while. */
export const until: typeof waitFor = (what, f, most = 60_000) => waitFor(what, f, most);

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The folder of the examples. */
export const examples = fileURLToPath(new URL("..", import.meta.url));

/** The built pages before a server of their own, and a browser. */
export class Site {
  readonly server: Server;
  readonly url: string;
  readonly #browser: Browser;
  readonly #end: () => Promise<void>;
  readonly #pages = new Set<Page>();
  readonly #errors: string[] = []; // of the pages' scripts

  private constructor(server: Server, url: string, browser: Browser, end: () => Promise<void>) {
    this.server = server;
    this.url = url;
    this.#browser = browser;
    this.#end = end;
  }

  static async open(): Promise<Site> {
    const server = await Server.start("--dev");
    process.env.PARLEY_URL = server.url; // which vite.config.ts reads
    const pages = await preview({ root: examples, logLevel: "silent", preview: { port: 0 } });
    const { port } = pages.httpServer.address() as AddressInfo;
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    });
    return new Site(server, `http://127.0.0.1:${port}`, browser, () => pages.close());
  }

  /** A page in a browser window of its own. */
  async tab(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await this.#browser.newContext(options)).newPage();
    page.setDefaultTimeout(60_000);
    this.#pages.add(page);
    page.on("close", () => this.#pages.delete(page));
    page.on("pageerror", (error) => this.#errors.push(String(error.stack)));
    page.on("dialog", (dialog) => {
      this.#errors.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(`${this.url}${path}`);
    return page;
  }

  /** Starts the server that was killed, and has the pages try again at once, as when a network is back. */
  async restart(): Promise<void> {
    await this.server.run();
    for (const page of this.#pages) await page.evaluate(() => dispatchEvent(new Event("online")));
  }

  /** A page that can be read by everybody: no fault that axe knows of, light or dark, on a phone or a wide screen. */
  async looks(page: Page, name: string): Promise<void> {
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [390, 1440]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        const found = await page.evaluate(faults);
        expect(found, `${name}, ${colorScheme}, ${width} pixels`).toEqual([]);
        const folder = process.env.SCREENSHOTS;
        if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png` });
      }
    }
  }

  /** Ends everything; fails if a page's script did. */
  async close(): Promise<void> {
    await this.#browser.close();
    await this.#end();
    await this.server.stop();
    expect(this.#errors).toEqual([]);
  }
}

/** What is wrong with the look of the page that this runs in. */
async function faults(): Promise<string[]> {
  interface Axe {
    run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
  }
  const { axe } = window as unknown as { axe: Axe };
  const { violations } = await axe.run();
  const list = violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${n.failureSummary ?? ""}`));
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [...list, `${scrollWidth - clientWidth} pixels too wide`] : list;
}
