import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Program } from "./program";
import { examples, Site, until } from "./site";

let site: Site;
let folder: string;
beforeAll(async () => {
  site = await Site.open();
  folder = await mkdtemp(join(tmpdir(), "parley-devices-"));
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true });
});

function report(device: string, count: number): Program {
  const place = ["--device", device, "--url", site.server.url, "--folder", join(folder, device)];
  return new Program(process.execPath, [
    `${examples}/devices/report.mjs`,
    ...place,
    "--every",
    "5",
    "--count",
    `${count}`,
  ]);
}

interface Reported {
  senderId: string;
  body: { id: string };
}

/** The readings that the server has of a device, in order. */
async function stored(device: string): Promise<string[]> {
  const answer = await fetch(`${site.server.url}/v1/channels/devices/messages?userId=reader&limit=1000`);
  const page: { messages: Reported[] } = await answer.json();
  return page.messages.filter((m) => m.senderId === device).map((m) => m.body.id);
}

/** The readings that a device says are safe. */
const measured = (program: Program): string[] => program.out.match(/(?<="id":")[0-9a-f-]{36}(?="})/g) ?? [];

test("no reading is lost or doubled, whether the server is killed or the device", async () => {
  const page = await site.tab("/devices/");
  const killed = report("kitchen", 100_000);
  await until("the first readings", async () => (await stored("kitchen")).length > 20);
  await site.server.kill();
  const before = measured(killed).length;
  await until("a device that goes on without a network", () => {
    if (!killed.running) throw new Error(`the device ended: ${killed.out}`);
    return measured(killed).length > before + 120;
  });
  await killed.kill();
  expect((await readdir(join(folder, "kitchen"))).length, "batches on disk").toBeGreaterThan(1);
  await site.restart();

  const again = report("kitchen", 30);
  expect(await again.exit(), again.out).toBe(0);
  const safe = [...measured(killed), ...measured(again)];
  const kept = await stored("kitchen");
  expect(new Set(kept).size, "each once").toBe(kept.length);
  const told = new Set(safe);
  expect(
    kept.filter((id) => told.has(id)),
    "each, in order",
  ).toEqual(safe);
  expect(kept.length - safe.length, "written, but not printed before the end").toBeLessThanOrEqual(1);
  expect(await readdir(join(folder, "kitchen"))).toEqual([]);

  const other = report("cellar", 3);
  expect(await other.exit(), other.out).toBe(0);
  await until(
    "both on the dashboard",
    async () => (await page.locator("#devices h2").allTextContents()).join() === "cellar,kitchen",
  );
  await until("a temperature", async () =>
    /^\d+\.\d °C$/.test((await page.locator(".celsius").first().textContent()) ?? ""),
  );
  await site.looks(page, "devices");
});

test("a batch whose answer was lost is stored once, and a line that was torn harms nothing", async () => {
  const batch = join(folder, "attic");
  const filled = report("attic", 0);
  expect(await filled.exit()).toBe(0);
  const reading = (id: string) => JSON.stringify({ celsius: 4, at: "2026-01-31T12:00:00.000Z", id });
  await writeFile(join(batch, "1-key"), `${reading("a")}\n${reading("b")}\n{"celsius":4.`);
  expect(await report("attic", 0).exit()).toBe(0);
  await writeFile(join(batch, "1-key"), `${reading("a")}\n${reading("b")}\n{"celsius":4.`);
  expect(await report("attic", 0).exit()).toBe(0);
  expect(await stored("attic")).toEqual(["a", "b"]);
});
