import type { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import { Recent } from "./recent";
import type { Draft } from "./sender";
import type { Message, SendStatus } from "./types";

export interface StatusesOptions {
  /** How far one of the others has come in a channel; undefined: it is not followed. */
  reach(channelId: string): { delivered: number; read: number } | undefined;
  told(status: ClientEvents["status"]): void;
}

interface Mine {
  channelId: string;
  nonce: string;
  seq: number;
  status: "sent" | "delivered";
  message: Message;
}

/** Of so many messages a channel, the youngest that nobody has read, it is told that they were delivered and read. */
const most = 1000;

/**
 * How far the user's own messages have come. Of each it is told in order, each
 * status once: `sending`, `sent`, `delivered`, `read`, some of which may be left out.
 */
export class Statuses {
  readonly #options: StatusesOptions;
  readonly #sending = new Set<string>(); // nonces
  readonly #given = new Recent(most); // nonces of what came by the log or on a page, and was not being sent
  readonly #mine = new Map<string, Mine[]>(); // by channel: stored, and read by nobody; in the order of seq

  constructor(options: StatusesOptions) {
    this.#options = options;
  }

  /** It waits. Of what another tab sent, and this one has been given already, there is nothing more to tell. */
  began(channelId: string, nonce: string, draft: Draft): void {
    if (this.#given.has(keyOf(channelId, nonce))) return;
    this.#sending.add(nonce);
    this.#options.told({ channelId, nonce, status: "sending", draft });
  }

  failed(channelId: string, nonce: string, error: ParleyError): void {
    this.#sending.delete(nonce);
    this.#options.told({ channelId, nonce, status: "failed", error });
  }

  /** The server has acknowledged it. */
  sent(channelId: string, nonce: string, message: Message): void {
    this.#sending.delete(nonce);
    if (this.#given.has(keyOf(channelId, nonce))) return;
    this.#options.told({ channelId, nonce, status: "sent", message });
    if (!this.#options.reach(channelId)) return;
    this.#add(message, nonce, "sent");
    this.moved(channelId);
  }

  /** One of the user's was in the log or on a page; it may be another device's. It is told what changes from now on. */
  seen(message: Message): void {
    const { nonce, channelId, seq } = message;
    if (nonce === undefined || this.#sending.has(nonce)) return;
    this.#given.add(keyOf(channelId, nonce));
    const reach = this.#options.reach(channelId);
    if (!reach || seq <= reach.read) return;
    this.#add(message, nonce, seq <= reach.delivered ? "delivered" : "sent");
  }

  /** Others may have come further. */
  moved(channelId: string): void {
    const reach = this.#options.reach(channelId);
    const mine = this.#mine.get(channelId);
    if (!reach || !mine) return;
    const left: Mine[] = [];
    const told: Mine[] = [];
    for (const m of mine) {
      const status = m.seq <= reach.read ? "read" : m.seq <= reach.delivered ? "delivered" : m.status;
      if (status !== m.status) told.push(m);
      if (status !== "read") left.push(m);
    }
    if (told.length === 0) return;
    if (left.length > 0) this.#mine.set(channelId, left);
    else this.#mine.delete(channelId);
    for (const m of told) this.#tell(m, m.seq <= reach.read ? "read" : "delivered");
  }

  /** Some of the channel's wait to be delivered or read. */
  waits(channelId: string): boolean {
    return this.#mine.has(channelId);
  }

  /** The channel is followed no more, or its log is another. */
  forget(channelId: string): void {
    this.#mine.delete(channelId);
  }

  #add(message: Message, nonce: string, status: "sent" | "delivered"): void {
    const { channelId, seq } = message;
    const mine = this.#mine.get(channelId) ?? [];
    if (mine.some((m) => m.seq === seq)) return;
    mine.push({ channelId, nonce, seq, status, message });
    mine.sort((a, b) => a.seq - b.seq);
    if (mine.length > most) mine.shift();
    this.#mine.set(channelId, mine);
  }

  #tell(mine: Mine, status: SendStatus & ("delivered" | "read")): void {
    if (status === "delivered") mine.status = status;
    const { channelId, nonce, message } = mine;
    this.#options.told({ channelId, nonce, status, message });
  }
}

function keyOf(channelId: string, nonce: string): string {
  return `${channelId} ${nonce}`;
}
