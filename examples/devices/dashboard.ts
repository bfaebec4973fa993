import { Client, type Json, type Message } from "@parley/client";
import { element, line, showConnection, visitor } from "../page";

const channel = "devices";
const kept = 60; // readings of each device
const quiet = 10_000; // a device that has not measured for so long is said to be

type Reading = { celsius: number; at: number };

const devices = new Map<string, Reading[]>();

function readingOf(body: Json | undefined): Reading | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { celsius, at } = body;
  const time = typeof at === "string" ? Date.parse(at) : Number.NaN;
  return typeof celsius === "number" && !Number.isNaN(time) ? { celsius, at: time } : undefined;
}

function take({ channelId, senderId, body }: Message): void {
  const reading = channelId === channel ? readingOf(body) : undefined;
  if (reading) devices.set(senderId, [...(devices.get(senderId) ?? []), reading].slice(-kept));
}

function card(name: string, readings: readonly Reading[]): HTMLElement {
  const card = document.createElement("li");
  card.className = "card";
  card.innerHTML = `<h2></h2><p class="celsius"></p>
    <svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true"><polyline/></svg>
    <p class="soft"></p>`;
  const say = (selector: string, text: string) => {
    const place = card.querySelector(selector);
    if (place) place.textContent = text;
  };
  const { celsius, at } = readings.at(-1) ?? { celsius: 0, at: 0 };
  const time = new Date(at).toLocaleTimeString("en", { timeStyle: "medium", hour12: false });
  say("h2", name);
  say(".celsius", `${celsius.toFixed(1)} °C`);
  say(".soft", Date.now() - at > quiet ? `Quiet since ${time}` : `Measured at ${time}`);
  card.querySelector("polyline")?.setAttribute("points", line(readings.map((reading) => reading.celsius)));
  return card;
}

function show(): void {
  element("empty", HTMLElement).hidden = devices.size > 0;
  const list = [...devices].sort(([a], [b]) => a.localeCompare(b));
  element("devices", HTMLElement).replaceChildren(...list.map(([name, readings]) => card(name, readings)));
}

const client = new Client({ userId: visitor() });
showConnection(client);
client.on("message", (message) => {
  take(message);
  show();
});
const past = await client.getHistory(channel, { limit: 500 });
past.messages.forEach(take);
show();
await client.joinChannel(channel, { position: past.head, presence: false });
setInterval(show, 5000); // so that who falls quiet is seen to
