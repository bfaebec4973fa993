import { Client, type Json } from "@parley/client";
import { element, hue, showConnection, visitor } from "../page";
import { throttle } from "../throttle";

const channel = "cursors";
const me = visitor();
const client = new Client({ userId: me });
const field = element("field", HTMLElement);
const cursors = new Map<string, HTMLElement>();
const people = new Set<string>();

/** A place in the field, from 0 to 1 both ways. */
type Place = { x: number; y: number };
let mine: Place | undefined;

function placeOf(data: Json | undefined): Place | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const { x, y } = data;
  return typeof x === "number" && typeof y === "number" ? { x, y } : undefined;
}

function draw(name: string, { x, y }: Place): void {
  let cursor = cursors.get(name);
  if (!cursor) {
    cursor = document.createElement("div");
    cursor.className = "cursor hue";
    cursor.style.setProperty("--hue", hue(name));
    cursor.innerHTML =
      '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 2l7 19 3-8 8-3z"/></svg><span></span>';
    const label = cursor.querySelector("span");
    if (label) label.textContent = name;
    cursors.set(name, cursor);
    field.append(cursor);
  }
  cursor.style.left = `${Math.min(1, Math.max(0, x)) * 100}%`;
  cursor.style.top = `${Math.min(1, Math.max(0, y)) * 100}%`;
}

function remove(name: string): void {
  cursors.get(name)?.remove();
  cursors.delete(name);
}

function list(): void {
  element("people", HTMLElement).replaceChildren(
    ...[...people].sort().map((name) => {
      const item = Object.assign(document.createElement("li"), { textContent: name, className: "hue" });
      item.style.setProperty("--hue", hue(name));
      if (name === me) item.append(" (you)");
      return item;
    }),
  );
}

const move = throttle(50, (place: Place) =>
  client.publishEvent(channel, { type: "cursor.move", data: place }),
);

field.addEventListener("pointermove", (event) => {
  const box = field.getBoundingClientRect();
  mine = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  move(mine);
});

client.on("signal", ({ channelId, userId, event, data }) => {
  const place = placeOf(data);
  if (channelId === channel && event === "cursor.move" && place) draw(userId, place);
});

// `level` says who is here when we come, and whenever we come back.
client.on("level", ({ present = [] }) => {
  people.clear();
  for (const { userId } of present) people.add(userId);
  for (const name of cursors.keys()) if (!people.has(name)) remove(name);
  list();
});
client.on("presence", ({ joined = [], left = [] }) => {
  for (const { userId } of joined) people.add(userId);
  for (const { userId } of left) {
    people.delete(userId);
    remove(userId);
  }
  if (joined.length > 0 && mine) move(mine); // signals are not repeated: who is new is told once more
  list();
});

showConnection(client);
await client.joinChannel(channel);
