import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Program } from "./program";
import { examples, Site, until } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

interface Priced {
  body: { fruit: string; cents: number };
}

async function log(): Promise<Priced["body"][]> {
  const answer = await fetch(`${site.server.url}/v1/channels/market/messages?userId=reader&limit=1000`);
  const page: { messages: Priced[] } = await answer.json();
  return page.messages.map((m) => m.body);
}

/** The last price of each fruit, by name. */
function last(prices: Priced["body"][]): string[] {
  const all = new Map(prices.map(({ fruit, cents }) => [fruit, (cents / 100).toFixed(2)]));
  return [...all].sort(([a], [b]) => a.localeCompare(b)).map(([fruit, price]) => `${fruit} ${price}`);
}

async function shown(page: Page): Promise<string[]> {
  const [fruits, prices] = [page.locator("tbody th"), page.locator("tbody .price")];
  const [names, texts] = [await fruits.allTextContents(), await prices.allTextContents()];
  return names.map((name, i) => `${name} ${texts[i]}`);
}

function publish(count: number): Program {
  return new Program(process.execPath, [
    `${examples}/ticker/publish.mjs`,
    ...["--url", site.server.url, "--count", `${count}`, "--every", "10"],
  ]);
}

test("every price comes once, also over a server that is killed", async () => {
  expect(await publish(40).exit()).toBe(0);
  const page = await site.tab("/ticker/");
  await until("the prices of before", async () => (await shown(page)).join() === last(await log()).join());
  await until("a live stream", async () => (await page.textContent("#connection")) === "Live");

  const publisher = publish(60);
  await until("some prices", async () => (await log()).length > 50);
  await site.server.kill();
  await until("the bad news", async () => (await page.textContent("#connection")) !== "Live");
  await site.restart();
  expect(await publisher.exit(), publisher.out).toBe(0);
  expect((await log()).length).toBe(100);
  await until("the last prices", async () => (await shown(page)).join() === last(await log()).join());
  await until("the stream to be live again", async () => (await page.textContent("#connection")) === "Live");
  await site.looks(page, "ticker");
});
