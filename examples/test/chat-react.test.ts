import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Site, until } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

const said = async (page: Page) =>
  (await page.locator("[role=log] li:has(b)").allTextContents()).map((t) => t.trim());
const input = (page: Page) => page.getByLabel("Message", { exact: true });
async function say(page: Page, text: string): Promise<void> {
  await input(page).fill(text);
  await page.keyboard.press("Enter");
}

test("two pages talk, see each other type and read, and miss nothing over kill -9", async () => {
  const [ada, ben] = [await site.tab("/chat-react/?name=Ada"), await site.tab("/chat-react/?name=Ben")];
  const people = (page: Page) => page.locator(".people li").allTextContents();
  for (const page of [ada, ben])
    await until("both to be here", async () => (await people(page)).length === 2);

  await input(ada).pressSequentially("hel");
  await until("Ada to type", async () => (await ben.textContent(".typists")) === "Ada is typing");
  await say(ada, "hello");
  await until("Ben to hear it", async () => (await said(ben)).includes("Ada hello"));
  await until("Ada to have stopped", async () => (await ben.textContent(".typists")) === "");
  await ben.bringToFront();
  await until("it to be read", async () => (await said(ada)).includes("Ada hello read by Ben"));

  await site.server.kill();
  await until(
    "the bad news",
    async () => (await ada.getAttribute("#connection", "data-state")) === "reconnecting",
  );
  for (const text of ["one", "two", "three"]) await say(ada, text);
  await until("them on their way", async () => (await said(ada)).includes("Ada three sending"));
  await say(ben, "four");
  await site.restart();
  await until("all five", async () => (await site.server.messages("chat")).length === 5);
  const log = (await site.server.messages("chat")).map((m) => m.text ?? "");
  expect(log.filter((text) => ["one", "two", "three"].includes(text))).toEqual(["one", "two", "three"]);
  for (const page of [ada, ben]) {
    await until("the log", async () => (await said(page)).map((t) => t.split(" ")[1]).join() === log.join());
  }
  await until("both to be here again", async () => (await people(ada)).length === 2);
  await site.looks(ada, "chat-react");
  await ben.context().close();
  await until("Ben to have left", async () => (await people(ada)).join() === "Ada (you)");
});

test("older messages are loaded when asked for", async () => {
  const messages = Array.from({ length: 80 }, (_, i) => ({ text: `line-${i}`, nonce: `line-${i}` }));
  const posted = await fetch(`${site.server.url}/v1/channels/chat/messages/batch?userId=Eve`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ messages }),
  });
  expect(posted.status).toBe(200);
  const cy = await site.tab("/chat-react/?name=Cy");
  await until("a page", async () => (await said(cy)).length === 50);
  await cy.getByRole("button", { name: "Older messages" }).click();
  const all = (await site.server.messages("chat")).map((m) => m.text);
  await until("the rest", async () => (await said(cy)).length === all.length);
  expect((await said(cy)).map((t) => t.split(" ")[1])).toEqual(all);
});
