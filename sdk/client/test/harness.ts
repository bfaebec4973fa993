import { once } from "node:events";
import {
  type AddressInfo,
  connect,
  createServer,
  type Server as Listener,
  type Socket as Stream,
} from "node:net";
import { afterAll, afterEach, beforeAll } from "vitest";
import { WebSocket } from "ws";
import { Server } from "../../../e2e/server.mjs";
import { Client, type ClientOptions, type Socket } from "../src";

/** A client whose connection can be broken. */
export type TestClient = Client & { cut(): void };

/** The sockets of one client, whose last one can be broken. */
export function breakable(): Required<Pick<ClientOptions, "openSocket">> & { cut(): void } {
  const sockets: WebSocket[] = [];
  return {
    openSocket: (url, protocol) => {
      const socket = new WebSocket(url, protocol);
      sockets.push(socket);
      return socket as unknown as Socket;
    },
    cut: () => sockets.at(-1)?.terminate(),
  };
}

/** A server for the tests of a file, and clients that are gone after each test. */
export class World {
  private started: Server | undefined;
  private readonly ends: (() => void)[] = [];

  constructor(...args: string[]) {
    beforeAll(async () => {
      this.started = await Server.start(...(args.length > 0 ? args : ["--dev"]));
    });
    afterEach(() => {
      for (const end of this.ends.splice(0)) end();
    });
    afterAll(() => this.server.stop());
  }

  get server(): Server {
    if (!this.started) throw new Error("the server is not there yet");
    return this.started;
  }

  /** Has `end` called after the test. */
  after(end: () => void): void {
    this.ends.push(end);
  }

  client(userId: string | undefined, more: ClientOptions = {}): TestClient {
    const { openSocket, cut } = breakable();
    const c = new Client({
      url: this.server.url,
      ...(userId !== undefined && { userId }),
      rate: 0,
      backoff: { base: 20, cap: 200 },
      openSocket,
      ...more,
    });
    this.after(() => c.disconnect());
    return Object.assign(c, { cut });
  }
}

interface Pair {
  client: Stream;
  server: Stream;
  /** Whose bytes vanish. */
  lost: { client?: boolean; server?: boolean };
}

/** A line to a server on which bytes can vanish without either side being told, and WebSockets be refused. */
export class Line {
  /** Who wants to become a WebSocket is answered by a proxy that does not know them. */
  blocked = false;
  /** On so many of the next connections nobody hears anything. */
  mute = 0;
  /** How many connections were made. */
  opened = 0;
  private readonly pairs = new Set<Pair>();

  private constructor(
    private readonly listener: Listener,
    private readonly port: number,
  ) {
    listener.on("connection", (client) => this.accept(client));
  }

  static async to(url: string): Promise<Line> {
    const listener = createServer();
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new Line(listener, Number(new URL(url).port));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** What these say on the connections that there are vanishes from now on, and no end is told to the other side. */
  strand(...who: ("client" | "server")[]): void {
    for (const pair of this.pairs) for (const side of who) pair.lost[side] = true;
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
    this.listener.close();
    await once(this.listener, "close");
  }

  private accept(client: Stream): void {
    this.opened++;
    const server = connect(this.port, "127.0.0.1");
    const lost = this.mute-- > 0 ? { client: true, server: true } : {};
    const pair: Pair = { client, server, lost };
    this.pairs.add(pair);
    client.on("data", (bytes) => {
      if (this.blocked && /^upgrade:/im.test(bytes.toString("latin1"))) {
        client.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      } else if (!pair.lost.client) server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (!pair.lost.server) client.write(bytes);
    });
    for (const stream of [client, server]) stream.on("error", () => {});
    client.on("close", () => pair.lost.client || server.destroy());
    server.on("close", () => pair.lost.server || client.destroy());
  }
}
