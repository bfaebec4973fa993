import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "./harness";

const world = new World();
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let folder: string;
let bundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-client-"));
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      outDir: folder,
      lib: { entry: here("../src/index.ts"), formats: ["es"], fileName: () => "client.mjs" },
    },
  });
  bundle = join(folder, "client.mjs");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program of its own has said when it ended by itself. */
async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
  return stdout.trim();
}

for (const how of ["websocket", "polling"]) {
  test(`after disconnect nothing keeps a program alive (${how})`, async () => {
    const begun = Date.now();
    expect(await run(here("leave.mjs"), bundle, world.server.url, how)).toBe("closed");
    expect(Date.now() - begun).toBeLessThan(20_000); // less than any of the client's own times
  });
}

test("after disconnect nothing keeps a program alive that never had a connection", async () => {
  expect(await run(here("leave.mjs"), bundle, "http://127.0.0.1:9", "never")).toBe("closed");
});

test("a thousand reconnections leave no socket, timer or memory behind", async () => {
  const said = await run("--expose-gc", here("reconnect.mjs"), bundle, world.server.url);
  const { before, after, heard } = JSON.parse(said);
  expect(heard).toBe(1000);
  expect(after.sockets).toBeLessThanOrEqual(5); // of a thousand
  expect(after.timers).toBeLessThanOrEqual(before.timers + 3);
  expect(after.connections).toBeLessThanOrEqual(before.connections + 2);
  expect(after.listeners).toBe(before.listeners);
  expect(after.heap - before.heap).toBeLessThan(2_000_000); // 800 sockets alone would be more
});
