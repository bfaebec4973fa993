import type { Client, ConnectionState, ParleyError } from "@parley/client";
import { Store } from "./store";

/** How a client is connected. */
export interface Connection {
  readonly state: ConnectionState;
  /** Milliseconds from the change of state until the next attempt. */
  readonly retryIn?: number;
  /** Why there is no connection. */
  readonly error?: ParleyError;
}

export class ConnectionStore extends Store {
  #current: Connection;
  #stops: (() => void)[] = [];
  readonly #client: Client;

  constructor(client: Client) {
    super();
    this.#client = client;
    this.#current = { state: client.connectionState };
  }

  readonly snapshot = (): Connection => {
    const state = this.#client.connectionState;
    if (state !== this.#current.state) this.#current = { state }; // it changed while nobody looked
    return this.#current;
  };

  protected start(): void {
    this.#stops = [
      this.#client.on("connection", (connection) => {
        this.#current = connection;
        this.changed();
      }),
    ];
  }

  protected stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
