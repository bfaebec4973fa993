import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examples, Site, until } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

const shown = (page: Page) => page.locator("ol li").allTextContents();
async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
}

test("two pages talk, and a killed server costs neither anything", async () => {
  await site.server.messages("chat"); // the server answers
  const [ada, ben] = [await site.tab("/chat/?name=Ada"), await site.tab("/chat/?name=Ben")];
  await say(ada, "hello");
  await until("Ben to hear Ada", async () => (await shown(ben)).includes("Ada hello"));
  await say(ben, "<b>hi</b>");
  await until("Ada to hear Ben", async () => (await shown(ada)).includes("Ben <b>hi</b>"));

  await site.server.kill();
  await say(ada, "is anybody there?");
  await say(ben, "no connection, I think");
  await site.restart();
  for (const page of [ada, ben]) await until("all four", async () => (await shown(page)).length === 4);
  const log = (await site.server.messages("chat")).map((m) => m.text);
  for (const page of [ada, ben]) {
    expect((await shown(page)).map((text) => text.slice(4))).toEqual(log);
  }

  const late = await site.tab("/chat/?name=Cy");
  await until("what was said before", async () => (await shown(late)).length === 4);
  await site.looks(late, "chat");
});

test("it has 20 lines", async () => {
  const lines = (await readFile(`${examples}/chat/chat.ts`, "utf8"))
    .split("\n")
    .filter((line) => line.trim());
  expect(lines.length).toBeLessThanOrEqual(20);
});
