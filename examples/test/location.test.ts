import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Site, until } from "./site";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site.close());

const people = (page: Page) => page.locator("#people li").allTextContents();
const shows = (page: Page, what: RegExp) =>
  until(`${what}`, async () => what.test((await people(page)).join("; ")));

test("a place goes to everybody here, and to who comes later", async () => {
  const position = { latitude: 52.5, longitude: 13.4 };
  const ada = await site.tab("/location/?name=Ada", { geolocation: position, permissions: ["geolocation"] });
  const ben = await site.tab("/location/?name=Ben");
  for (const page of [ada, ben]) {
    await until("a connection", async () => (await page.textContent("#connection")) === "Connected");
  }
  await ada.getByRole("button", { name: "Share my location" }).click();
  await shows(ben, /^Ada52\.5000, 13\.4000$/);
  await ada.context().setGeolocation({ latitude: 52.501, longitude: 13.4 });
  await shows(ben, /^Ada52\.5010, 13\.4000$/);
  expect(await ben.locator("#chart .place").count()).toBe(1);

  const kept = await fetch(`${site.server.url}/v1/channels/location/state?userId=reader`);
  const { keys } = (await kept.json()) as { keys: { key: string; at: string; expiresAt: string }[] };
  expect(keys.map((key) => key.key)).toEqual(["place/Ada"]);
  const [key] = keys;
  expect(Date.parse(key?.expiresAt ?? "") - Date.parse(key?.at ?? ""), "milliseconds that it is kept").toBe(
    60_000,
  );

  const cy = await site.tab("/location/?name=Cy");
  await shows(cy, /^Ada52\.50/);
  await cy.getByRole("button", { name: "Take a walk instead" }).click();
  await shows(ada, /^Adayou; Cy[\d.]+ k?m away$/);
  await site.looks(ada, "location");

  await ada.getByRole("button", { name: "Share my location" }).click();
  await shows(ben, /^Cy[\d.]+, [\d.]+$/);
});

test("who went without a word is forgotten when the time is over", async () => {
  const dan = await site.tab("/location/?name=Dan");
  await until("a connection", async () => (await dan.textContent("#connection")) === "Connected");
  const gone = await fetch(`${site.server.url}/v1/channels/location/state/place%2FEve?userId=Eve`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ value: { lat: 52.5, lng: 13.4, at: Date.now() }, ttl: 3000 }),
  });
  expect(gone.status).toBe(200);
  await shows(dan, /Eve/);
  await until("Eve to go", async () => !(await people(dan)).join().includes("Eve"));
});
