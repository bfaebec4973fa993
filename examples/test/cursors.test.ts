import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Site, until } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

const people = async (page: Page) => (await page.locator("#people li").allTextContents()).join();
const cursors = (page: Page) => page.locator(".cursor").allTextContents();

/** Where a person's cursor is, in hundredths of the field. */
function seen(page: Page, name: string): Promise<[number, number]> {
  return page.evaluate((name) => {
    const all = [...document.querySelectorAll<HTMLElement>(".cursor")];
    const cursor = all.find((each) => each.textContent === name);
    return [
      Math.round(Number.parseFloat(cursor?.style.left ?? "-1")),
      Math.round(Number.parseFloat(cursor?.style.top ?? "-1")),
    ];
  }, name);
}

async function point(page: Page, x: number, y: number): Promise<void> {
  const box = await page.locator("#field").boundingBox();
  if (!box) throw new Error("there is no field");
  await page.mouse.move(box.x + (box.width * x) / 100, box.y + (box.height * y) / 100, { steps: 5 });
}

test("everybody sees where the others point, until they go", async () => {
  const [ada, ben] = [await site.tab("/cursors/?name=Ada"), await site.tab("/cursors/?name=Ben")];
  for (const page of [ada, ben])
    await until("both to be here", async () => /Ada.*,Ben.*/.test(await people(page)));
  await point(ada, 20, 30);
  await until("Ben to see Ada's cursor", async () => (await seen(ben, "Ada")).join() === "20,30");
  await point(ada, 75, 60);
  await until("where it went", async () => (await seen(ben, "Ada")).join() === "75,60");
  expect(await cursors(ada), "one's own is the browser's").toEqual([]);

  const cy = await site.tab("/cursors/?name=Cy");
  await until("who comes later to see it too", async () => (await seen(cy, "Ada")).join() === "75,60");
  await point(ben, 30, 70);
  await until("both others", async () => (await cursors(cy)).length === 2);
  await site.looks(cy, "cursors");

  await ada.context().close();
  await until("the cursor to go with its page", async () => (await cursors(cy)).join() === "Ben");
  await until("its person too", async () => (await people(cy)) === "Ben,Cy (you)");
});

test("moves are sent at most twenty times a second, and the last one always", async () => {
  const [dan, eve] = [await site.tab("/cursors/?name=Dan"), await site.tab("/cursors/?name=Eve")];
  await until("Dan to be seen", async () => (await people(eve)).includes("Dan"));
  const sent = await dan.evaluate(async () => {
    const send = WebSocket.prototype.send;
    const times: number[] = [];
    WebSocket.prototype.send = function (data) {
      if (String(data).includes("cursor.move")) times.push(performance.now());
      send.call(this, data);
    };
    const field = document.getElementById("field");
    const box = field?.getBoundingClientRect() ?? new DOMRect();
    for (let i = 0; i <= 500; i++) {
      const place = { clientX: box.left + (box.width * i) / 500, clientY: box.top + box.height / 2 };
      field?.dispatchEvent(new PointerEvent("pointermove", place));
      if (i % 10 === 0) await new Promise(requestAnimationFrame);
    }
    return times;
  });
  for (const [i, at] of sent.entries()) if (i > 0) expect(at - (sent[i - 1] ?? 0)).toBeGreaterThan(45);
  expect(sent.length).toBeGreaterThan(2);
  await until("the last one", async () => (await seen(eve, "Dan")).join() === "100,50");
});
