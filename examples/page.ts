import type { Client, ConnectionState } from "@parley/client";

/** The element with this id. A page without it is broken, and says so. */
export function element<E extends Element>(id: string, kind: abstract new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id ${id}`);
}

/** Who this tab is: `?name=` of its address, or somebody new. */
export function visitor(): string {
  const named = new URLSearchParams(location.search).get("name")?.trim();
  return named || `visitor ${Math.floor(1000 + Math.random() * 9000)}`;
}

/** A hue for a name, the same in every tab. */
export function hue(name: string): string {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return `${sum}`;
}

const words: Record<ConnectionState, string> = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "No connection. Trying again",
  closed: "Closed",
};

/** Tells in the element `connection` how the client stands. */
export function showConnection(client: Client): void {
  const place = element("connection", HTMLElement);
  const show = (state: ConnectionState) => {
    place.textContent = words[state];
    place.dataset.state = state;
  };
  client.on("connection", ({ state }) => show(state));
  show(client.connectionState);
}

/** Says in the element `notice` what went wrong, and with nothing that it is over. */
export function complain(error?: { message: string }): void {
  element("notice", HTMLElement).textContent = error?.message ?? "";
}

/** A line through the values, oldest first, for the SVG polyline of a `.spark`. */
export function line(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const height = (value: number) => (most === least ? 16 : 30 - ((value - least) / (most - least)) * 28);
  const step = 100 / Math.max(1, values.length - 1);
  return values.map((value, i) => `${(i * step).toFixed(1)},${height(value).toFixed(1)}`).join(" ");
}
