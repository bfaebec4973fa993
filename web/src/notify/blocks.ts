import type { Client } from "@parley/client";

/** So long an answer counts: another device may block somebody. */
const fresh = 60_000;

/** Whom the user blocks. It is asked only when somebody is to be told of a message. */
export class Blocks {
  #asked = Number.NEGATIVE_INFINITY;
  #users: Promise<ReadonlySet<string>> = Promise.resolve(new Set<string>());
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async has(userId: string, now = Date.now()): Promise<boolean> {
    if (now - this.#asked > fresh) {
      this.#asked = now;
      this.#users = this.#ask();
    }
    return (await this.#users).has(userId);
  }

  async #ask(): Promise<ReadonlySet<string>> {
    try {
      const path = `/v1/users/${encodeURIComponent(this.#client.userId ?? "")}/blocks`;
      const { blocks } = (await this.#client.request("GET", path, { query: { limit: 1000 } })) as {
        blocks: { userId: string }[];
      };
      return new Set(blocks.map(({ userId }) => userId));
    } catch {
      return new Set(); // out of reach: rather one too many than one too few
    }
  }
}
