import { act, waitFor } from "@testing-library/react";
import { useEffect } from "react";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../../../e2e/server.mjs";
import {
  useChannel,
  useConnection,
  useMessages,
  usePresence,
  useReadReceipts,
  useSharedState,
  useTyping,
  useUnread,
} from "../src";
import { client, use } from "./harness";

let server: Server;
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterAll(() => server.stop());

test("the connection's state is shown, and when the next attempt is made", async () => {
  const ada = client(server.url, "ada", { backoff: { base: 200_000, cap: 200_000 } });
  const states: string[] = [];
  const { result } = use(ada, () => {
    const connection = useConnection();
    states.push(connection.state);
    return connection;
  });
  await waitFor(() => expect(result.current.state).toBe("connected"));
  ada.cut();
  await waitFor(() => expect(result.current.state).toBe("reconnecting"));
  expect(result.current.retryIn).toBeGreaterThanOrEqual(0);
  expect(result.current.error).toMatchObject({ code: "unavailable" });
  expect(states[0]).toBe("connecting");
});

test("a channel is joined while a component uses it, and left with the last", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const seen = use(bob, () => usePresence("shared"));
  const one = use(ada, () => useChannel("shared"));
  const two = use(ada, () => useChannel("shared"));
  const present = () => seen.result.current.present.map((p) => p.userId);
  await waitFor(() => expect(one.result.current.joined && two.result.current.joined).toBe(true));
  await waitFor(() => expect(present().sort()).toEqual(["ada", "bob"]));
  one.unmount();
  await ada.sendMessage("shared", "still here");
  expect(present()).toContain("ada");
  two.unmount();
  await waitFor(() => expect(present()).toEqual(["bob"]));
  expect(seen.result.current.gone).toMatchObject([{ userId: "ada", status: "offline" }]);
});

test("StrictMode puts everything up twice here", () => {
  let ups = 0;
  use(client(server.url, "ada"), () =>
    useEffect(() => {
      ups++;
    }, []),
  );
  expect(ups).toBe(2);
});

test("StrictMode, and two components at once, join once", async () => {
  const ada = client(server.url, "ada");
  const { result } = use(ada, () => [useUnread("once"), useChannel("once"), useMessages("once")] as const);
  await waitFor(() => expect(result.current[1].joined).toBe(true));
  await waitFor(() => expect(result.current[2].loading).toBe(false));
  expect(ada.frames.filter((type) => type === "subscribe")).toHaveLength(1);
  expect(ada.frames.filter((type) => type === "history")).toHaveLength(1);
  expect(ada.frames).not.toContain("unsubscribe");
});

test("who only counts or looks at the shared state is not seen", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const seen = use(bob, () => usePresence("unseen"));
  const quiet = use(ada, () => [useUnread("unseen"), useSharedState("unseen", "k")] as const);
  await waitFor(() => expect(quiet.result.current[1][2].version).toBe(0));
  await waitFor(() => expect(seen.result.current.present.map((p) => p.userId)).toEqual(["bob"]));
  const loud = use(ada, () => useChannel("unseen"));
  await waitFor(() => expect(seen.result.current.present).toHaveLength(2));
  loud.unmount();
  await waitFor(() => expect(seen.result.current.present.map((p) => p.userId)).toEqual(["bob"]));
});

test("a channel that is refused says why", async () => {
  const ada = client(server.url, "ada");
  const { result } = use(ada, () => useChannel("x".repeat(200)));
  await waitFor(() => expect(result.current.error).toMatchObject({ code: "invalid" }));
  expect(result.current.joined).toBe(false);
});

test("put up and taken down 200 times, nothing is left", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const seen = use(bob, () => usePresence("again"));
  const before = ada.listening();
  for (let i = 0; i < 200; i++) {
    const all = use(ada, () => {
      useConnection();
      useChannel("again");
      useTyping("again");
      usePresence("again");
      useReadReceipts("again");
      useSharedState("again", "k");
      useUnread(["again", `other ${i % 3}`]);
      return useMessages("again");
    });
    if (i % 10 === 0) await waitFor(() => expect(all.result.current.loading).toBe(false));
    all.unmount();
    if (i % 7 === 0) await new Promise((done) => setTimeout(done, 0));
  }
  await waitFor(() => expect(ada.listening()).toBe(before));
  await waitFor(() => expect(seen.result.current.present.map((p) => p.userId)).toEqual(["bob"]));
  const subscribed = ada.frames.filter((type) => type === "subscribe").length;
  await waitFor(() => expect(ada.frames.filter((type) => type === "unsubscribe").length).toBe(subscribed));
});

test("who types is shown to the others, and stops by what the input says", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob", { userName: "Bob" })];
  const [hers, his] = [use(ada, () => useTyping("typing")), use(bob, () => useTyping("typing"))];
  const present = use(ada, () => usePresence("typing"));
  await waitFor(() => expect(present.result.current.present).toHaveLength(2));
  const input = (value: string) => his.result.current.bind.onInput({ currentTarget: { value } });
  input("h");
  input("he");
  expect(bob.frames.filter((type) => type === "typing")).toHaveLength(1);
  await waitFor(() =>
    expect(hers.result.current.typists).toMatchObject([{ userId: "bob", userName: "Bob" }]),
  );
  input("");
  await waitFor(() => expect(hers.result.current.typists).toEqual([]));
  input("x");
  await waitFor(() => expect(hers.result.current.typists).toHaveLength(1));
  his.result.current.bind.onBlur();
  await waitFor(() => expect(hers.result.current.typists).toEqual([]));
  expect(his.result.current.typists).toEqual([]);
});

test("what is not read is counted, also of many channels, and goes down by reading anywhere", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const phone = client(server.url, "ada");
  await bob.sendMessage("count", "0");
  const { result } = use(ada, () => [useUnread("count"), useUnread(["count", "empty"])] as const);
  await waitFor(() => expect(result.current).toEqual([1, { count: 1, empty: 0 }]));
  for (let i = 1; i < 4; i++) await bob.sendMessage("count", `${i}`);
  await waitFor(() => expect(result.current).toEqual([4, { count: 4, empty: 0 }]));
  const { messages } = await phone.getHistory("count", { limit: 10 });
  await act(async () => {
    await phone.ackRead("count", messages[1]?.id ?? "");
  });
  await waitFor(() => expect(result.current[0]).toBe(2));
  await act(async () => {
    await ada.ackRead("count", messages[3]?.id ?? "");
  });
  await waitFor(() => expect(result.current).toEqual([0, { count: 0, empty: 0 }]));
});

test("how far the others have read is shown", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const hers = use(ada, () => useReadReceipts("receipts"));
  const his = use(bob, () => useReadReceipts("receipts"));
  const present = use(ada, () => usePresence("receipts"));
  await waitFor(() => expect(present.result.current.present).toHaveLength(2));
  const first = await ada.sendMessage("receipts", "one");
  const second = await ada.sendMessage("receipts", "two");
  his.result.current.mark(first);
  await waitFor(() => expect(hers.result.current.readBy(first)).toEqual(["bob"]));
  expect(hers.result.current.readBy(second)).toEqual([]);
  his.result.current.mark(second);
  his.result.current.mark(first);
  await waitFor(() => expect(hers.result.current.readBy(second)).toEqual(["bob"]));
  expect(hers.result.current.cursors).toMatchObject([{ userId: "bob", read: 2 }]);
});
