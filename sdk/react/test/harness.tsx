import { Client, type ClientOptions, type Socket } from "@parley/client";
import { cleanup, configure, renderHook } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import { ParleyProvider } from "../src";

// Machines may be busy.
configure({ asyncUtilTimeout: 30_000, getElementError: (message) => new Error(message ?? "") });

const clients: Client[] = [];

afterEach(() => {
  cleanup();
  for (const c of clients.splice(0)) c.disconnect();
});

export interface TestClient extends Client {
  /** Breaks the connection, without a word. */
  cut(): void;
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
  return Object.assign(made, { frames, cut: () => sockets.at(-1)?.terminate() });
}

/** What is around the components of a test: a client, and StrictMode, which puts each up twice. */
export function around(made: Client): ({ children }: { children: ReactNode }) => ReactNode {
  return ({ children }) => (
    <StrictMode>
      <ParleyProvider client={made}>{children}</ParleyProvider>
    </StrictMode>
  );
}

/** A hook in a component of its own. */
export function use<Result>(made: Client, hook: () => Result) {
  return renderHook(hook, { wrapper: around(made) });
}

/** How many listeners the client has. */
export function listeners(made: Client): number {
  const names = [
    "ready",
    "connection",
    "joined",
    "event",
    "message",
    "message.update",
    "message.delete",
    "reaction",
    "pin",
    "member",
    "state",
    "call",
    "call.state",
    "status",
    "typing",
    "presence",
    "level",
    "delivered",
    "read",
    "cursors",
    "signal",
    "expired",
    "dropped",
    "error",
  ] as const;
  // biome-ignore lint/complexity/useLiteralKeys: so that it may be private
  const events = made["events"];
  return names.reduce((sum, name) => sum + events.count(name), 0);
}
