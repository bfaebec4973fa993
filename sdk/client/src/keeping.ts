import { ParleyError } from "./error";
import type { Keep } from "./keep";
import type { Credentials, Session } from "./link";
import type { Outbox } from "./outbox";

export interface KeepingOptions {
  outbox: Outbox;
  /** The server's address. */
  server: string;
  /** Where drafts are written down; undefined: in the browser's database; false: nowhere. */
  keep: Keep | undefined | false;
  /** How many drafts of a queue are taken. */
  most: number;
  after(milliseconds: number, callback: () => void): () => void;
  /** Drafts cannot be written down, and wait in memory alone. */
  failed(why: unknown): void;
}

/** Finds out whose drafts wait here, and opens their shelf: drafts of one user are never sent as another. */
export class Keeping {
  private project = "";
  private queue: string | undefined; // names a server, a project and a user
  private guest = false;

  constructor(private readonly options: KeepingOptions) {}

  /** Credentials that name a user are believed for the while: what was left can be shown without a connection. */
  shown(who: Credentials): void {
    const claims = claimed(who.token);
    this.project = claims?.project ?? "";
    const user = who.userId ?? claims?.sub; // the server refuses a name that is not the token's
    if (user !== undefined && this.queue === undefined) this.open(this.name(user));
  }

  /** The server says who it is. */
  up({ userId, guest }: Session): void {
    const queue = this.name(userId);
    if (queue === this.queue) return;
    // A guest is nobody: the next may be another, and may send what this one wrote.
    if (this.queue !== undefined && !this.guest) {
      this.options.outbox.detach(new ParleyError("foreign_sender", "the user is another now"));
    }
    this.guest = guest;
    if (guest) this.attachNothing(queue);
    else this.open(queue);
  }

  private name(user: string): string {
    return JSON.stringify([this.options.server, this.project, user]);
  }

  private open(queue: string): void {
    const { outbox, keep, most, after, failed } = this.options;
    if (keep === false) {
      this.attachNothing(queue);
      return;
    }
    this.queue = queue;
    import("./kept").then(
      ({ shelf }) => {
        if (this.queue === queue) outbox.attach(shelf({ queue, keep, most, after, listener: outbox }));
      },
      (error) => {
        if (this.queue !== queue) return;
        outbox.attach(undefined);
        failed(error);
      },
    );
  }

  private attachNothing(queue: string): void {
    this.queue = queue;
    this.options.outbox.attach(undefined);
  }
}

/** Where drafts are kept, by what the client was told and what there is here; false: in memory. */
export function place(options: {
  keep?: boolean | Keep;
  token?: string;
  getToken?: unknown;
  userId?: string;
}): Keep | undefined | false {
  const { keep, token, getToken, userId } = options;
  if (typeof keep === "object") return keep;
  const named =
    getToken !== undefined || userId !== undefined || (token !== undefined && !token.startsWith("pk_"));
  return keep !== false && typeof indexedDB !== "undefined" && named ? undefined : false;
}

/** What an application is told of why drafts cannot be written down. */
export function unkept(why: unknown): ParleyError {
  const reason = why instanceof Error ? why.message || why.name : String(why);
  return new ParleyError("not_kept", `what waits is kept in memory alone: ${reason}`);
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
