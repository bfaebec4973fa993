import { Client, type Json } from "@parley/client";
import { complain, element, hue, showConnection, visitor } from "../page";
import { throttle } from "../throttle";
import { distance, draw, type Place } from "./chart";

const channel = "location";
const lasts = 60_000; // a place that is not said again is forgotten after so long
const me = visitor();
const client = new Client({ userId: me });
const kept = client.state(channel);
const places = new Map<string, Seen>();

/** Where somebody was, by their own clock. */
type Seen = Place & { at: number };

function seenOf(data: Json | undefined): Seen | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  const { lat, lng, at } = data;
  if (typeof lat !== "number" || typeof lng !== "number" || typeof at !== "number") return undefined;
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng, at } : undefined;
}

function saw(name: string, seen: Seen | undefined): void {
  if (!seen || seen.at < (places.get(name)?.at ?? 0)) return; // what is kept may be older than the last signal
  places.set(name, seen);
  show();
}

const far = (metres: number) =>
  metres < 1000 ? `${Math.round(metres)} m away` : `${(metres / 1000).toFixed(1)} km away`;

function show(): void {
  draw(element("chart", SVGSVGElement), places, hue);
  element("empty", HTMLElement).hidden = places.size > 0;
  const mine = places.get(me);
  const list = [...places].sort(([a], [b]) => a.localeCompare(b));
  element("people", HTMLElement).replaceChildren(
    ...list.map(([name, place]) => {
      const item = document.createElement("li");
      const who = Object.assign(document.createElement("b"), { textContent: name, className: "hue" });
      who.style.setProperty("--hue", hue(name));
      const where = document.createElement("span");
      if (name === me) where.textContent = "you";
      else if (mine) where.textContent = far(distance(mine, place));
      else where.textContent = `${place.lat.toFixed(4)}, ${place.lng.toFixed(4)}`;
      item.append(who, where);
      return item;
    }),
  );
}

client.on("signal", (signal) => {
  if (signal.channelId === channel && signal.event === "moved") saw(signal.userId, seenOf(signal.data));
});
kept.subscribe((key, value) => {
  const name = key.replace(/^place\//, "");
  if (name === key) return;
  if (value) saw(name, seenOf(value.value));
  else if (places.delete(name)) show(); // taken back, or its time is over
});

// Sharing: each move is a signal; now and then the last one is kept for who comes later.
const tell = throttle(200, (seen: Seen) => client.publishEvent(channel, { type: "moved", data: seen }));
const keep = throttle(5_000, (seen: Seen) => {
  if (stop) kept.set(`place/${me}`, seen, { ttl: lasts }).catch(complain);
});
let stop: (() => void) | undefined;

function move(place: Place): void {
  const seen = { ...place, at: Date.now() };
  saw(me, seen);
  tell(seen);
  keep(seen);
}

/** Begins to share where `follow` says, until it is called again. */
function toggle(button: HTMLButtonElement, follow: (move: (place: Place) => void) => () => void): void {
  const pressed = button.getAttribute("aria-pressed") === "true";
  stop?.();
  stop = undefined;
  for (const each of document.querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", "false");
  if (pressed) {
    kept.delete(`place/${me}`).catch(complain);
    return;
  }
  button.setAttribute("aria-pressed", "true");
  stop = follow(move);
}

function followDevice(move: (place: Place) => void): () => void {
  const watch = navigator.geolocation.watchPosition(
    ({ coords }) => {
      complain();
      move({ lat: coords.latitude, lng: coords.longitude });
    },
    complain,
    { enableHighAccuracy: true },
  );
  return () => navigator.geolocation.clearWatch(watch);
}

function followWalk(move: (place: Place) => void): () => void {
  const [near = { lat: 52.5145, lng: 13.3501 }] = places.values(); // whoever is there, or a park
  const place = { lat: near.lat + Math.random() / 1000, lng: near.lng + Math.random() / 600 };
  let heading = Math.random() * 2 * Math.PI;
  const step = () => {
    heading += (Math.random() - 0.5) * 0.8;
    place.lat += Math.cos(heading) * 0.00003;
    place.lng += Math.sin(heading) * 0.00005;
    move(place);
  };
  step();
  const timer = setInterval(step, 1000);
  return () => clearInterval(timer);
}

element("share", HTMLButtonElement).addEventListener("click", (event) => {
  if (event.currentTarget instanceof HTMLButtonElement) toggle(event.currentTarget, followDevice);
});
element("walk", HTMLButtonElement).addEventListener("click", (event) => {
  if (event.currentTarget instanceof HTMLButtonElement) toggle(event.currentTarget, followWalk);
});
showConnection(client);
await client.joinChannel(channel);
