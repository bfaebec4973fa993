import { Client, type ClientOptions, type Socket } from "@parley/client";
import { cleanup, configure, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import { ParleyProvider } from "../src";

// Machines may be busy. StrictMode has to be at the root to put everything up twice.
configure({
  asyncUtilTimeout: 30_000,
  reactStrictMode: true,
  getElementError: (message) => new Error(message ?? ""),
});

const clients: Client[] = [];

afterEach(() => {
  cleanup();
  for (const c of clients.splice(0)) c.disconnect();
});

export interface TestClient extends Client {
  /** Breaks the connection, without a word. */
  cut(): void;
  /** How many listeners it has. */
  listening(): number;
  /** The frames that were sent, by their types. */
  readonly frames: string[];
}

/** A client of the user's, which ends with the test. */
export function client(url: string, userId: string, more: ClientOptions = {}): TestClient {
  const sockets: WebSocket[] = [];
  const frames: string[] = [];
  const made = new Client({
    url,
    userId,
    rate: 0,
    backoff: { base: 20, cap: 200 },
    transport: "websocket",
    debug: (direction, frame) => {
      if (direction === "sent") frames.push(frame.type);
    },
    openSocket: (address, protocol) => {
      const socket = new WebSocket(address, protocol);
      sockets.push(socket);
      return socket as unknown as Socket;
    },
    ...more,
  });
  clients.push(made);
  return Object.assign(counted(made), { frames, cut: () => sockets.at(-1)?.terminate() });
}

/** The client, which knows how many listen to it. */
export function counted(made: Client): Client & { listening(): number } {
  const live = new Set<object>();
  const on: Client["on"] = made.on.bind(made);
  const counting: Client["on"] = (name, listener) => {
    const one = {};
    const stop = on(name, listener);
    live.add(one);
    return () => {
      live.delete(one);
      stop();
    };
  };
  return Object.assign(made, { on: counting, listening: () => live.size });
}

/** What is around the components of a test. */
export function around(made: Client): ({ children }: { children: ReactNode }) => ReactNode {
  return ({ children }) => <ParleyProvider client={made}>{children}</ParleyProvider>;
}

/** A hook in a component of its own. */
export function use<Result>(made: Client, hook: () => Result) {
  return renderHook(hook, { wrapper: around(made) });
}
