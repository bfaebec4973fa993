import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Server, until } from "../../../e2e/server.mjs";
import { client } from "./harness";

declare global {
  interface Window {
    happyDOM: { setURL(url: string): void };
  }
}

let server: Server;
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterAll(() => server.stop());

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

test("the chat of docs/react.md is the one that is run here", async () => {
  const [page, chat] = await Promise.all([read("../../../docs/react.md"), read("chat.tsx")]);
  expect(page).toContain(`\`\`\`tsx\n${chat}\`\`\``);
});

test("the chat of docs/react.md talks", async () => {
  globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket;
  window.happyDOM.setURL(`${server.url}/?user=ada`);
  document.body.innerHTML = '<div id="root"></div>';
  await import("./chat");
  const bob = client(server.url, "bob");
  await bob.joinChannel("general");
  await bob.sendMessage("general", "Hello, Ada");
  const lines = () => [...document.querySelectorAll("li")].map((li) => li.textContent?.trim());
  await until("bob's message", () => lines().includes("bob: Hello, Ada"));
  bob.startTyping("general");
  await until("that bob types", () => document.querySelector("p")?.textContent === "bob types …");
  const input = document.querySelector("input");
  if (!input) throw new Error("there is no input");
  input.value = "Hello, Bob";
  document.querySelector("button")?.click();
  await until(
    "ada's message",
    () => lines().includes("ada: Hello, Bob sent") || lines().includes("ada: Hello, Bob delivered"),
  );
  const { messages } = await bob.getHistory("general", { limit: 10 });
  expect(messages.map((m) => `${m.senderId}: ${m.text}`)).toEqual(["bob: Hello, Ada", "ada: Hello, Bob"]);
  expect(input.value).toBe("");
});
