import { Client, type Socket } from "@parley/client";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Bid, bidOf, place } from "../auction/bid";
import { Site, until } from "./site";

let site: Site;
const clients: Client[] = [];
beforeAll(async () => {
  site = await Site.open();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});
afterAll(() => site.close());

async function bidder(userId: string, channel: string): Promise<Client> {
  const client = new Client({
    url: site.server.url,
    userId,
    openSocket: (url, protocol) => new WebSocket(url, protocol) as unknown as Socket,
  });
  clients.push(client);
  await client.joinChannel(channel);
  return client;
}

/** Every bid that ever stood, in order. */
async function stood(client: Client, channel: string): Promise<Bid[]> {
  const events = await client.getEventsSince(channel, 0);
  return events.flatMap((event) => (event.type === "state" ? (bidOf(event.value) ?? []) : []));
}

test("of many who bid at once nobody's higher bid is lost", async () => {
  const channel = "many";
  const people = await Promise.all(Array.from({ length: 24 }, (_, i) => bidder(`bidder ${i}`, channel)));
  const tries = people.map(async (client, i) => {
    const results: { mine: Bid; standing: Bid }[] = [];
    for (
      let amount = 1 + Math.floor(Math.random() * 40);
      amount < 400;
      amount += 1 + Math.floor(Math.random() * 80)
    ) {
      const mine = { bidder: `bidder ${i}`, amount };
      results.push({ mine, standing: await place(client.state(channel), mine) });
    }
    return results;
  });
  const results = (await Promise.all(tries)).flat();
  const [first] = people;
  if (!first) throw new Error("nobody bids");
  const log = await stood(first, channel);

  for (const [i, bid] of log.entries()) expect(bid.amount).toBeGreaterThan(log[i - 1]?.amount ?? 0);
  const accepted = results.filter(({ mine, standing }) => mine === standing).map(({ mine }) => mine);
  const byAmount = (a: Bid, b: Bid) => a.amount - b.amount;
  expect(accepted.sort(byAmount)).toEqual(log);
  for (const { mine, standing } of results) expect(standing.amount).toBeGreaterThanOrEqual(mine.amount);
  expect(log.at(-1)?.amount).toBe(Math.max(...results.map(({ mine }) => mine.amount)));
});

test("a bid on what another has raised since is refused by the server, not by luck", async () => {
  const [ada, ben] = [await bidder("ada", "two"), await bidder("ben", "two")];
  await ada.state("two").set("highest", { bidder: "ada", amount: 10 }, { if: 0 });
  await expect(
    ben.state("two").set("highest", { bidder: "ben", amount: 5 }, { if: 0 }),
  ).rejects.toMatchObject({
    code: "version_conflict",
  });
  expect(await place(ben.state("two"), { bidder: "ben", amount: 10 })).toEqual({ bidder: "ada", amount: 10 });
  expect(await place(ben.state("two"), { bidder: "ben", amount: 11 })).toEqual({ bidder: "ben", amount: 11 });
});

test("two pages bid, and both show who has the lot", async () => {
  const [ada, ben] = [await site.tab("/auction/?name=Ada"), await site.tab("/auction/?name=Ben")];
  const bid = async (page: Page, amount: number) => {
    await page.getByLabel("Your bid in euros").fill(`${amount}`);
    await page.getByRole("button", { name: "Bid" }).click();
  };
  const highest = async (page: Page) =>
    `${await page.textContent("#highest")} ${await page.textContent("#bidder")}`;
  for (const page of [ada, ben]) {
    await until("a connection", async () => (await page.textContent("#connection")) === "Connected");
  }
  await bid(ada, 1200);
  await until("Ben to see it", async () => (await highest(ben)) === "€1,200 by Ada");
  await bid(ben, 1350);
  await until("Ada to see it", async () => (await highest(ada)) === "€1,350 by Ben");
  await until(
    "Ben's to stand",
    async () => (await ben.textContent("#notice")) === "Your bid of €1,350 stands.",
  );
  await bid(ada, 1360);
  await until("Ben to be told", async () =>
    /^Ada has bid more/.test((await ben.textContent("#notice")) ?? ""),
  );
  await Promise.all([bid(ada, 1400), bid(ben, 1500)]);
  for (const page of [ada, ben])
    await until("the highest", async () => (await highest(page)).startsWith("€1,500"));

  const late = await site.tab("/auction/?name=Cy");
  await until("every bid that stood", async () => (await late.locator("#bids li").count()) >= 3);
  expect(await late.locator("#bids li").last().textContent()).toBe("Ada€1,200");
  await site.looks(ada, "auction");
});
