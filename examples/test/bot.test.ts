import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Program } from "./program";
import { examples, Server, until } from "./site";

let server: Server;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parley-bot-"));
  server = await Server.start("--dev");
  await promisify(execFile)("go", ["build", "-o", join(folder, "bot"), "./bot"], { cwd: examples });
}, 300_000);
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const position = () => join(folder, "position");

async function start(): Promise<Program> {
  const bot = new Program(join(folder, "bot"), [
    "--url",
    server.url,
    "--channel",
    "games",
    "--position",
    position(),
  ]);
  await until("the bot to listen", () => {
    if (!bot.running) throw new Error(`the bot ended: ${bot.out}`);
    return bot.out.includes("listening");
  });
  return bot;
}

let said = 0;
async function say(text: string): Promise<void> {
  const answer = await fetch(`${server.url}/v1/channels/games/messages?userId=ada`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": `${said++}` },
    body: JSON.stringify({ text }),
  });
  expect(answer.status).toBe(201);
}

interface Message {
  id: string;
  senderId: string;
  text: string;
  parentId?: string;
}

async function log(): Promise<Message[]> {
  const answer = await fetch(`${server.url}/v1/channels/games/messages?userId=reader&limit=1000`);
  const page: { messages: Message[] } = await answer.json();
  return page.messages;
}

/** For each command its answers. */
async function answers(): Promise<string[][]> {
  const messages = await log();
  const commands = messages.filter((m) => m.senderId === "ada" && m.text.startsWith("!"));
  return commands.map((c) =>
    messages.filter((m) => m.senderId === "bot" && m.parentId === c.id).map((m) => m.text),
  );
}

test("every command is answered once, however often the bot is killed", async () => {
  await say("!help"); // before it first came: none of its business
  let bot = await start();
  await say("hello");
  await say("!roll 2d6");
  await until("an answer", async () => (await answers())[1]?.length === 1);
  expect((await answers())[1]?.[0]).toMatch(/^2d6: ([2-9]|1[0-2])$/);

  await copyFile(position(), join(folder, "earlier"));
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 5; i++) await say(`!choose tea, coffee, ${round}.${i}`);
    if (round > 0)
      await until("some answers", async () => (await answers()).flat().length > 1 + 5 * (round - 1));
    await bot.kill(); // perhaps between an answer and its being written down
    await say("!roll 3d6");
    if (round === 2) await copyFile(join(folder, "earlier"), position()); // a place that is far behind
    bot = await start();
  }
  await until("all answers", async () => (await answers()).slice(1).every((list) => list.length > 0));
  await say("!help");
  await until("the last one", async () => (await answers()).at(-1)?.length === 1);
  const all = await answers();
  expect(all[0]).toEqual([]);
  expect(all.slice(1).map((list) => list.length)).toEqual(all.slice(1).map(() => 1));
  expect((await log()).filter((m) => m.senderId === "bot").length).toBe(all.length - 1);
  await bot.kill();
});

test("it goes on after the server is killed", async () => {
  const bot = await start();
  await server.kill();
  await server.run();
  await say("!choose a");
  await until("the answer", async () => (await answers()).at(-1)?.join() === "I would take a.");
  await bot.kill();
});
