import { cleanup, configure, render, renderHook, waitFor } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Server } from "../../../e2e/server.mjs";
import { RoomController, RoomsClient } from "../src";
import { ConversationClient, useReadReceipts, useTypingIndicator } from "../src/conversations";

configure({ asyncUtilTimeout: 30_000, reactStrictMode: true });

type Frame = { type: string; userId?: string; messageId?: string; [member: string]: unknown };

let server: Server;
const ends: (() => void)[] = [];
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterEach(() => {
  cleanup();
  for (const end of ends.splice(0)) end();
});
afterAll(() => server.stop());

/** A WebSocket to the door of conversations, subscribed to one, and what came over it. */
async function open(userId: string, conversationId: string) {
  const got: Frame[] = [];
  const ws = new WebSocket(`${server.url.replace("http", "ws")}/chat?userId=${userId}`);
  ends.push(() => ws.close());
  ws.onmessage = ({ data }) => got.push(JSON.parse(String(data)));
  await new Promise((done) => ws.addEventListener("open", done));
  ws.send(JSON.stringify({ type: "subscribe", conversationId }));
  await waitFor(() => expect(got.map((f) => f.type)).toContain("subscribed"));
  return { ws: ws as unknown as globalThis.WebSocket, got };
}

test("who types is told over the WebSocket, and no more when the component is gone", async () => {
  const [ada, bob] = [await open("ada", "typing"), await open("bob", "typing")];
  const { result, unmount } = renderHook(() => useTypingIndicator("typing", ada.ws, "ada"), {});
  const handlers = result.current;
  handlers.handleTyping();
  await waitFor(() =>
    expect(bob.got).toContainEqual(expect.objectContaining({ type: "typing", userId: "ada" })),
  );
  handlers.handleStopTyping();
  const stops = () => bob.got.filter((f) => f.type === "typing_stop").length;
  await waitFor(() => expect(stops()).toBe(1));
  handlers.handleTyping();
  unmount();
  await waitFor(() => expect(stops()).toBe(2));
});

test("what is marked as read is told to the sender, over the WebSocket", async () => {
  const ada = await open("ada", "receipts");
  const message = { id: "temp-1", conversationId: "receipts", senderId: "ada", text: "Hello", timestamp: 1 };
  ada.ws.send(JSON.stringify({ type: "message", message }));
  await waitFor(() => expect(ada.got.map((f) => f.type)).toContain("message_ack"));
  const id = ada.got.find((f) => f.type === "message_ack")?.messageId ?? "";
  const bob = await open("bob", "receipts");
  const { result } = renderHook(() => useReadReceipts("receipts", bob.ws, "bob"));
  render(<p data-message-id={id}>Hello</p>);
  result.current.markMessageRead(id, "bob");
  await waitFor(() =>
    expect(ada.got).toContainEqual(expect.objectContaining({ type: "read", userId: "bob", messageId: id })),
  );
});

test("the rest of the conversations, and rooms, come from the same packages", () => {
  expect(ConversationClient).toBeTypeOf("function");
  expect(RoomsClient).toBeTypeOf("function");
  expect(RoomController.instance).toBeInstanceOf(RoomController);
});
