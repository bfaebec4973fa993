import { type Client, type Json, ParleyError } from "@parley/client";

/** What the server says of the page at a link: texts, and a small picture as a `data:` URL. */
export interface Card {
  url: string;
  title: string;
  description?: string;
  site: string;
  image?: string;
}

/** So many are remembered; the oldest are forgotten, and asked for again where they are seen. */
const most = 500;

/** So many are asked for at once. */
const atOnce = 4;

/** What the links lead to that were seen: each is asked for once, and remembered, also when there is nothing. */
export class Cards {
  static readonly #all = new WeakMap<Client, Cards>();
  readonly #client: Pick<Client, "request">;
  readonly #known = new Map<string, Card | null>();
  readonly #asked = new Map<string, Promise<Card | null>>();
  #waiting: Array<() => void> = [];
  #running = 0;

  constructor(client: Pick<Client, "request">) {
    this.#client = client;
  }

  /** The client's own. */
  static of(client: Client): Cards {
    const cards = Cards.#all.get(client) ?? new Cards(client);
    Cards.#all.set(client, cards);
    return cards;
  }

  /** What is known of a link; null: there is nothing; undefined: it was not asked yet. */
  peek(link: string): Card | null | undefined {
    return this.#known.get(link);
  }

  /** Asks what a link leads to; null: nothing, or it could not be asked now. It does not fail. */
  ask(link: string): Promise<Card | null> {
    const known = this.#known.get(link);
    if (known !== undefined) return Promise.resolve(known);
    const asked = this.#asked.get(link) ?? this.#ask(link);
    this.#asked.set(link, asked);
    return asked;
  }

  async #ask(link: string): Promise<Card | null> {
    await this.#turn();
    try {
      const card = read(await this.#client.request("GET", "/v1/previews", { query: { url: link } }));
      this.#remember(link, card);
      return card;
    } catch (error) {
      // Too many at once, or no connection: whoever sees the link later asks again.
      if (error instanceof ParleyError && !error.retry) this.#remember(link, null);
      return null;
    } finally {
      this.#asked.delete(link);
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= atOnce) await new Promise<void>((go) => this.#waiting.push(go));
    this.#running++;
  }

  #remember(link: string, card: Card | null): void {
    this.#known.set(link, card);
    if (this.#known.size <= most) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}

/** A card of what the server answered; null: it is none. */
function read(answer: Json): Card | null {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return null;
  const { url, title, description, site, image } = answer;
  if (typeof url !== "string" || typeof title !== "string" || typeof site !== "string") return null;
  return {
    url,
    title,
    site,
    ...(typeof description === "string" && { description }),
    ...(typeof image === "string" && /^data:image\/(jpeg|png);base64,/.test(image) && { image }),
  };
}
