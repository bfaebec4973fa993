import type { Address } from "./address";
import type { Socket } from "./link";

/** Which way to the server: `auto` is by WebSocket, and by polling where none gets through. */
export type Transport = "auto" | "websocket" | "polling";

/** After so many attempts in a row that brought no connection, polling is tried. */
const blockedAfter = 2;

/** While polling because no WebSocket got through, one is tried so often. */
const retryEvery = 60_000;

/** And the first time after so long. */
const soon = 2000;

export interface WayOptions {
  transport: Transport;
  address: Address;
  openSocket(url: string, protocol: string): Socket;
  after(milliseconds: number, callback: () => void): () => void;
  retryEvery?: number;
  /** A WebSocket gets through again: whoever polls is to connect anew. */
  better(): void;
}

/** Chooses how the next connection is made, by how the last ones went. */
export class Way {
  readonly #options: WayOptions;
  #blocked = 0;
  #polling = false;
  #stop: (() => void) | undefined;

  constructor(options: WayOptions) {
    this.#options = options;
  }

  /** Decides, and gives what opens a socket. */
  async choose(): Promise<() => Socket> {
    this.close();
    const { transport, address, openSocket } = this.#options;
    this.#polling = transport === "polling" || (transport === "auto" && this.#blocked >= blockedAfter);
    if (this.#polling) {
      this.#blocked--; // where polling does not get through either, a WebSocket is tried next
      const { PollSocket } = await import("./poll"); // few need it
      return () => new PollSocket(address.poll);
    }
    this.#blocked++; // unless it gets through
    return () => openSocket(address.socket, "parley.v1.json");
  }

  /** The server has let the client in. */
  up(): void {
    this.#blocked = this.#polling ? blockedAfter : 0;
    // It may have been the server that was away: one is tried soon.
    if (this.#polling && this.#options.transport === "auto") this.#probe(Math.min(soon, this.#every));
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  get #every(): number {
    return this.#options.retryEvery ?? retryEvery;
  }

  /** Tries a WebSocket now and then, beside the polling. */
  #probe(wait = this.#every): void {
    let socket: Socket | undefined;
    const stopTimer = this.#options.after(wait, () => {
      try {
        socket = this.#options.openSocket(this.#options.address.socket, "parley.v1.json");
      } catch {
        this.#probe();
        return;
      }
      socket.onerror = () => {};
      socket.onclose = () => this.#probe();
      socket.onopen = () => {
        this.close();
        this.#blocked = 0;
        this.#options.better();
      };
    });
    this.#stop = () => {
      stopTimer();
      if (!socket) return;
      socket.onopen = socket.onclose = null;
      socket.close(1000);
    };
  }
}
