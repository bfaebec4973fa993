// @vitest-environment node
import { Client } from "@parley/client";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import {
  ParleyProvider,
  useCall,
  useChannel,
  useConnection,
  useMessages,
  useParley,
  usePresence,
  useReadReceipts,
  useSharedState,
  useTyping,
  useUnread,
  useUpload,
  useWebSocket,
} from "../src";
import { counted } from "./harness";

function Everything() {
  const { seen } = useReadReceipts("c");
  const shown = {
    connection: useConnection().state,
    channel: useChannel("c").joined,
    messages: useMessages("c").messages,
    typists: useTyping("c").typists,
    present: usePresence("c").present,
    unread: useUnread("c") ?? "unknown",
    several: useUnread(["c", "d"]),
    version: useSharedState("c", "k")[2].version ?? "unknown",
    upload: useUpload().state,
    call: useCall().call ?? "none",
    socket: useWebSocket({ url: "ws://127.0.0.1:1/" }).connectionStatus,
    who: useParley().userId ?? "nobody yet",
  };
  return <pre ref={seen({ id: "m", seq: 1 })}>{JSON.stringify(shown)}</pre>;
}

test("all hooks render on a server: nothing is connected, joined or listened to", () => {
  const client = counted(new Client({ transport: "websocket", openSocket: () => never() }));
  const html = renderToString(
    <ParleyProvider client={client}>
      <Everything />
    </ParleyProvider>,
  );
  expect(client.listening()).toBe(0);
  client.disconnect();
  expect(JSON.parse(html.replace(/<[^>]*>/g, "").replaceAll("&quot;", '"'))).toEqual({
    connection: "connecting",
    channel: false,
    messages: [],
    typists: [],
    present: [],
    unread: "unknown",
    several: {},
    version: "unknown",
    upload: "idle",
    call: "none",
    socket: "connecting",
    who: "nobody yet",
  });
});

test("without a provider a hook says what is missing", () => {
  expect(() => renderToString(<Everything />)).toThrow("ParleyProvider");
});

function never(): never {
  throw new Error("a server opens no socket for its pages");
}
