import { Client, type Message } from "@parley/client";

const name = new URLSearchParams(location.search).get("name") ?? `visitor ${Date.now() % 10_000}`;
const client = new Client({ userId: name });

function show({ senderId, text = "(deleted)" }: Message): void {
  const line = document.createElement("li");
  line.append(Object.assign(document.createElement("b"), { textContent: senderId }), ` ${text}`);
  document.querySelector("ol")?.append(line);
  line.scrollIntoView({ block: "nearest" });
}

document.querySelector("form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const input = document.querySelector("input");
  if (!input?.value) return;
  client.sendMessage("chat", input.value).catch((error: Error) => alert(error.message));
  input.value = "";
});

const past = await client.getHistory("chat", { limit: 50 });
past.messages.forEach(show);
client.on("message", (message) => message.channelId === "chat" && show(message));
await client.joinChannel("chat", { position: past.head }); // what was said since then, and whatever comes
