import { Client, type ErrorCode } from "@parley/client";
import {
  type Credentials,
  type Drawers,
  forget,
  recall,
  recallSaid,
  remember,
  rememberSaid,
  type Said,
  userIdOf,
} from "./credentials";

/** Who is signed in, and the client that speaks for them. */
export interface Standing {
  readonly client?: Client;
  readonly who?: Credentials;
  /** Why the last one is signed in no more. */
  readonly error?: ErrorCode;
}

export interface SessionOptions {
  drawers: Drawers;
  /** The server believes names. */
  dev: boolean;
  connect?: (who: Credentials) => Client;
}

/** How long a sign-out waits for what is to be done first, in milliseconds. */
const farewellFor = 1000;

/** Makes and ends the page's one client, for who is signed in. */
export class Session {
  readonly dev: boolean;
  #standing: Standing = {};
  readonly #listeners = new Set<() => void>();
  readonly #farewells = new Set<() => Promise<void>>();
  readonly #drawers: Drawers;
  readonly #connect: (who: Credentials) => Client;

  constructor({ drawers, dev, connect = clientOf }: SessionOptions) {
    this.#drawers = drawers;
    this.dev = dev;
    this.#connect = connect;
    const who = recall(drawers, dev ? "name" : "token");
    if (who) this.#begin(who);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Standing => this.#standing;

  signIn(who: Credentials, stay: boolean): void {
    forget(this.#drawers);
    remember(this.#drawers, who, stay);
    this.#begin(who);
  }

  /** Tells others of the person; it is said again after a reload. */
  say(said: Said): void {
    rememberSaid(this.#drawers, said);
    this.#standing.client?.setPresence(said);
  }

  /** Ends the client. What waits stays on this device for the same user's next one, or with `discard` is thrown away. */
  signOut({ discard }: { discard: boolean }): void {
    const { client } = this.#standing;
    forget(this.#drawers);
    if (discard) client?.discardWaiting();
    if (!client || this.#farewells.size === 0) {
      this.#end({});
      return;
    }
    const done = Promise.allSettled([...this.#farewells].map((farewell) => farewell()));
    const over = new Promise((resolve) => setTimeout(resolve, farewellFor));
    void Promise.race([done, over]).then(() => {
      if (this.#standing.client === client) this.#end({});
    });
  }

  /** Has something done first when somebody signs out, while the client still is theirs; it has a second. */
  beforeSignOut(farewell: () => Promise<void>): () => void {
    this.#farewells.add(farewell);
    return () => this.#farewells.delete(farewell);
  }

  #begin(who: Credentials): void {
    const client = this.#connect(who);
    client.on("connection", ({ state, error }) => {
      if (state !== "closed" || this.#standing.client !== client) return;
      forget(this.#drawers, who);
      this.#end(error ? { error: error.code } : {});
    });
    const said = recallSaid(this.#drawers);
    if (said) client.setPresence(said);
    this.#end({ client, who });
  }

  #end(next: Standing): void {
    const { client } = this.#standing;
    this.#standing = next;
    client?.disconnect();
    for (const listener of [...this.#listeners]) listener();
  }
}

function clientOf(who: Credentials): Client {
  if (who.kind === "token") return new Client({ token: who.token });
  return new Client({ userId: userIdOf(who.name), userName: who.name });
}
