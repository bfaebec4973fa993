import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { cleanup, configure, renderHook, waitFor } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Server } from "../../../e2e/server.mjs";
import { useWebSocket, type WebSocketOptions } from "../src";

configure({ asyncUtilTimeout: 30_000, reactStrictMode: true });

let server: Server;
const sockets: WebSocket[] = [];

class Counted extends WebSocket {
  constructor(url: string) {
    super(url);
    sockets.push(this);
  }
}

beforeAll(async () => {
  globalThis.WebSocket = Counted as unknown as typeof globalThis.WebSocket;
  server = await Server.start("--dev");
});
afterEach(() => {
  cleanup();
  sockets.length = 0;
});
afterAll(() => server.stop());

const rooms = () => `${server.url.replace("http", "ws")}/rooms`;

function use(options: WebSocketOptions) {
  return renderHook((props: WebSocketOptions) => useWebSocket(props), {
    initialProps: options,
  });
}

function join(userId: string) {
  return { type: "join", userId, username: userId, timestamp: Date.now() };
}

test("messages go out and come in as values; StrictMode opens one socket", async () => {
  const got: Record<string, unknown>[] = [];
  const { result } = use({
    url: rooms(),
    onMessage: (data) => got.push(data),
    onOpen: () => result.current.send(join("ada")),
  });
  expect(result.current).toMatchObject({ isConnected: false, connectionStatus: "connecting" });
  expect(result.current.send({ type: "early" })).toBe(false);
  await waitFor(() =>
    expect(result.current).toMatchObject({ isConnected: true, connectionStatus: "connected" }),
  );
  await waitFor(() => expect(got.map((f) => f.type)).toContain("room_state"));
  const sent = { type: "message", userId: "ada", username: "ada", content: "Hello", timestamp: Date.now() };
  expect(result.current.send(sent)).toBe(true);
  await waitFor(() =>
    expect(got).toContainEqual(expect.objectContaining({ type: "message", content: "Hello" })),
  );
  expect(sockets).toHaveLength(1);
});

test("the callbacks of the last render are called, and the connection stays", async () => {
  const got: string[] = [];
  const { result, rerender } = use({ url: rooms(), onMessage: () => got.push("old") });
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  rerender({ url: rooms(), onMessage: () => got.push("new") });
  result.current.send(join("ada"));
  await waitFor(() => expect(got.length).toBeGreaterThan(0));
  expect(got).not.toContain("old");
  expect(sockets).toHaveLength(1);
});

test("a connection that breaks is opened again; after a wanted end it is not", async () => {
  let closed = 0;
  const { result } = use({ url: rooms(), reconnectInterval: 10, onClose: () => closed++ });
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  sockets[0]?.terminate();
  await waitFor(() => expect(sockets).toHaveLength(2));
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  expect(closed).toBe(1);
  result.current.disconnect();
  await waitFor(() => expect(result.current.connectionStatus).toBe("disconnected"));
  expect(closed).toBe(2);
  await waitFor(() => expect(sockets[1]?.readyState).toBe(WebSocket.CLOSED));
  await new Promise((done) => setTimeout(done, 100)); // ten times as long as before an attempt
  expect(sockets).toHaveLength(2);
  expect(result.current.send({})).toBe(false);
  result.current.reconnect();
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  expect(sockets).toHaveLength(3);
});

test("it is tried so often and no more, and again when asked", async () => {
  const gone = await Server.start("--dev");
  const url = `${gone.url.replace("http", "ws")}/rooms`;
  let errors = 0;
  await gone.kill();
  const { result } = use({ url, reconnectAttempts: 2, reconnectInterval: 10, onError: () => errors++ });
  await waitFor(() => expect(errors).toBe(3));
  await waitFor(() => expect(result.current.connectionStatus).toBe("error"));
  expect(sockets).toHaveLength(3);
  await gone.run();
  result.current.reconnect();
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  cleanup();
  await waitFor(() => expect(sockets.at(-1)?.readyState).toBe(WebSocket.CLOSED));
  await gone.stop();
});

test("another url is another connection, and a component that is gone has none", async () => {
  const { result, rerender, unmount } = use({ url: rooms() });
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  rerender({ url: `${rooms()}?userId=bob` });
  await waitFor(() => expect(sockets).toHaveLength(2));
  await waitFor(() => expect(sockets[0]?.readyState).toBe(WebSocket.CLOSED));
  await waitFor(() => expect(result.current.isConnected).toBe(true));
  unmount();
  await waitFor(() => expect(sockets[1]?.readyState).toBe(WebSocket.CLOSED));
  expect(sockets).toHaveLength(2);
});

test("a url that is none is an error", async () => {
  const { result } = use({ url: "no url at all" });
  await waitFor(() => expect(result.current.connectionStatus).toBe("error"));
  expect(sockets).toHaveLength(0);
});

test("data that is not JSON is passed over", async () => {
  const loose = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(loose, "listening");
  loose.on("connection", (peer) => {
    peer.send("not JSON");
    peer.send('{"ok":true}');
  });
  const got: unknown[] = [];
  const { result } = use({
    url: `ws://127.0.0.1:${(loose.address() as AddressInfo).port}/`,
    onMessage: (data) => got.push(data),
  });
  await waitFor(() => expect(got).toEqual([{ ok: true }]));
  expect(result.current.isConnected).toBe(true);
  loose.close();
});
