import { ParleyError } from "./error";

/** Read by hand: not every place that has WebSockets has the whole of URL. */
const form = /^(http|ws)(s?):\/\/([^/?#]+)([^?#]*)(\?[^#]*)?/i;

/** Where a server's doors are. */
export class Address {
  /** The WebSocket of the native protocol. */
  readonly socket: string;
  /** The native protocol over requests, beside where the WebSocket is. */
  readonly poll: string;
  readonly #origin: string;

  /** `given` is http, https, ws or wss, or a path on the page's origin, which is the default. */
  constructor(given?: string) {
    const page = typeof location === "undefined" ? "" : location.origin;
    const here = form.test(page) ? page : "http://127.0.0.1:8080";
    const whole = given === undefined ? here : given.startsWith("/") ? here + given : given;
    const [, , secure = "", host, path = "", query = ""] = form.exec(whole) ?? [];
    if (host === undefined) throw new ParleyError("invalid", `no address of a server: ${whole}`);
    const door = path === "" || path === "/" ? "/v1/ws" : path;
    this.#origin = `http${secure}://${host}`;
    this.socket = `ws${secure}://${host}${door}${query}`;
    this.poll = `${this.#origin}${door.replace(/\/ws$/, "/poll")}${query}`;
  }

  /** An address of the REST side. */
  rest(path: string, query: Query = {}): string {
    return withQuery(this.#origin + path, query);
  }
}

export interface Query {
  [name: string]: string | number | undefined;
}

/** The address with parameters added; those that are undefined are left out. */
export function withQuery(address: string, query: Query): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  if (parts.length === 0) return address;
  return address + (address.includes("?") ? "&" : "?") + parts.join("&");
}
