import type { Address } from "./address";
import { after } from "./clock";
import type { Frame } from "./frame";
import type { Identity } from "./identity";
import { Link, type LinkListener, type Socket } from "./link";
import type { ClientOptions } from "./options";
import { Way } from "./way";

/** The way to the server and the link over it, as the client's options have them. */
export class Connection {
  readonly #way: Way;
  readonly #link: Link;
  readonly #look: ((direction: "sent" | "received", frame: Frame) => void) | undefined;
  readonly #hurry = () => this.#link.hurry();

  constructor(options: ClientOptions, address: Address, identity: Identity, listener: LinkListener) {
    this.#look = typeof options.debug === "function" ? options.debug : undefined;
    this.#way = new Way({
      transport: options.transport ?? "auto",
      address,
      openSocket:
        options.openSocket ?? ((url, protocol) => new WebSocket(url, protocol) as unknown as Socket),
      after,
      ...(options.retrySocket !== undefined && { retryEvery: options.retrySocket }),
      better: () => this.#link.renew(),
    });
    this.#link = new Link(
      {
        choose: () => this.#way.choose(),
        credentials: (fresh) => identity.show(fresh),
        renewable: identity.renewable,
        reconnect: options.reconnect ?? true,
        base: options.backoff?.base ?? 500,
        cap: options.backoff?.cap ?? 30_000,
        connectWithin: options.connectWithin ?? 10_000,
        pingEvery: options.pingEvery ?? 20_000,
        random: Math.random,
        now: Date.now,
        after,
      },
      {
        up: (session) => {
          this.#way.up();
          listener.up(session);
        },
        frame: (frame) => {
          this.#look?.("received", frame);
          listener.frame(frame);
        },
        down: (why, retryIn) => listener.down(why, retryIn),
      },
    );
  }

  start(): void {
    // A browser says when it is in a network again.
    if (typeof addEventListener === "function") addEventListener("online", this.#hurry);
    this.#link.start();
  }

  /** Sends a frame; false: there is no connection. */
  send(frame: Frame): boolean {
    const sent = this.#link.send(frame);
    if (sent) this.#look?.("sent", frame);
    return sent;
  }

  /** Ends it, for good. */
  close(): void {
    if (typeof removeEventListener === "function") removeEventListener("online", this.#hurry);
    this.#link.close();
    this.#way.close();
  }
}
