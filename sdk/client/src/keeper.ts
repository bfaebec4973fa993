import { ParleyError } from "./error";
import { Database, type Keep } from "./keep";
import type { Credentials, Session } from "./link";
import type { Outbox } from "./outbox";
import { Sharing } from "./sharing";
import { Tabs } from "./tabs";

export interface KeeperOptions {
  outbox: Outbox;
  /** The server's address. */
  server: string;
  /** Where drafts are written down; default: in the browser's database. */
  keep: Keep | undefined;
  /** Drafts cannot be written down, and wait in memory alone. */
  unkept(why: unknown): void;
}

/** Finds out whose drafts wait here, and opens their shelf: drafts of one user are never sent as another. */
export class Keeper {
  #project = "";
  #queue: string | undefined; // names a server, a project and a user
  #guest = false;
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Credentials that name a user are believed for the while: what was left can be shown without a connection. */
  shown(who: Credentials): void {
    const claims = claimed(who.token);
    this.#project = claims?.project ?? "";
    const user = who.userId ?? claims?.sub; // the server refuses a name that is not the token's
    if (user !== undefined && this.#queue === undefined) this.#open(this.#name(user));
  }

  /** The server says who it is. */
  up({ userId, guest }: Session): void {
    const { outbox } = this.#options;
    const queue = this.#name(userId);
    if (queue === this.#queue) return;
    // A guest is nobody: the next may be another, and may send what this one wrote.
    if (this.#queue !== undefined && !this.#guest) {
      outbox.detach(new ParleyError("foreign_sender", "the user is another now"));
    }
    this.#guest = guest;
    this.#queue = queue;
    if (guest) outbox.attach(undefined);
    else this.#open(queue);
  }

  #name(user: string): string {
    return JSON.stringify([this.#options.server, this.#project, user]);
  }

  #open(queue: string): void {
    const { outbox, unkept } = this.#options;
    const { after, most } = outbox.options;
    const keep = this.#options.keep ?? new Database({ indexedDB, most });
    // Of one's own keep it is not known who else has it.
    const shared =
      !this.#options.keep && typeof navigator !== "undefined" && typeof BroadcastChannel === "function";
    const locks = shared ? navigator.locks : undefined;
    const board = locks && new BroadcastChannel(`parley ${queue}`);
    this.#queue = queue;
    outbox.attach(
      new Sharing(outbox, (listener) => new Tabs({ queue, keep, locks, board, after, listener }), unkept),
    );
  }
}

/** The user and project that a token names, if it is one that does. */
function claimed(token: string | undefined): { sub: string; project: string } | undefined {
  try {
    const text = atob((token?.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    const { sub, project = "" } = JSON.parse(
      new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))),
    );
    return typeof sub === "string" && typeof project === "string" ? { sub, project } : undefined;
  } catch {
    return undefined;
  }
}
