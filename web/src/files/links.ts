import type { Client } from "@parley/client";

/** A link that is asked for; `until` is when it ends, once that is known. */
interface Link {
  readonly url: Promise<string>;
  until: number;
}

/** A link is asked for anew so many milliseconds before it ends. */
const margin = 60_000;
const most = 500; // links that are kept

/**
 * Paths to files that need no header, which `<img>` and `<a>` cannot send. Each
 * is good for ten minutes, and opens what this user may have.
 */
export class Links {
  static readonly #all = new WeakMap<Client, Links>();
  readonly #client: Pick<Client, "request">;
  readonly #now: () => number;
  readonly #links = new Map<string, Link>();

  constructor(client: Pick<Client, "request">, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  /** The client's own, which all that show its files share. */
  static of(client: Client): Links {
    const links = Links.#all.get(client) ?? new Links(client);
    Links.#all.set(client, links);
    return links;
  }

  /** A path to the file that is good for another minute at least. `fresh`: the last one did not open it. */
  get(file: string, fresh = false): Promise<string> {
    const known = this.#links.get(file);
    if (known && !fresh && this.#now() < known.until - margin) return known.url;
    const asked = this.#ask(file);
    const link: Link = { url: asked.then(({ url }) => url), until: Number.POSITIVE_INFINITY };
    this.#links.delete(file); // the youngest is the last
    this.#links.set(file, link);
    asked.then(
      ({ until }) => {
        link.until = until;
      },
      () => this.#links.get(file) === link && this.#links.delete(file),
    );
    const [oldest] = this.#links.keys();
    if (this.#links.size > most && oldest !== undefined) this.#links.delete(oldest);
    return link.url;
  }

  async #ask(file: string): Promise<{ url: string; until: number }> {
    const answer = await this.#client.request("POST", `/v1/files/${encodeURIComponent(file)}/link`);
    const { url, expiresAt } = answer as { url: string; expiresAt: string };
    return { url, until: Date.parse(expiresAt) };
  }
}

/** The path of a file's smaller image, by the file's link. */
export function smaller(link: string): string {
  return link.replace("?", "/thumbnail?");
}
