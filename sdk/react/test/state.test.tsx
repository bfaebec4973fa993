import { waitFor } from "@testing-library/react";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../../../e2e/server.mjs";
import { useCall, useSharedState, useUpload } from "../src";
import { client, use } from "./harness";

let server: Server;
beforeAll(async () => {
  server = await Server.start("--dev");
});
afterAll(() => server.stop());

test("a key of the shared state is the same for all, and set by who saw its last version", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const hers = use(ada, () => useSharedState<number>("auction", "bid"));
  const his = use(bob, () => useSharedState<number>("auction", "bid"));
  const [value, rest] = [() => his.result.current[0], () => his.result.current[2]];
  expect(hers.result.current[2].version).toBeUndefined();
  await waitFor(() => expect([hers.result.current[2].version, rest().version]).toEqual([0, 0]));
  const version = await hers.result.current[1](10);
  await waitFor(() => expect([value(), rest().version]).toEqual([10, version]));
  const stale = rest().compareAndSet;
  expect(await stale(20)).toBe(true);
  expect(await stale(30)).toBe(false);
  await waitFor(() => expect(hers.result.current[0]).toBe(20));
  await hers.result.current[2].remove();
  await waitFor(() => expect([value(), rest().version]).toEqual([undefined, 0]));
});

test("another key's change leaves the value the same object", async () => {
  const ada = client(server.url, "ada");
  const { result } = use(ada, () => useSharedState("objects", "a"));
  await waitFor(() => expect(result.current[2].version).toBe(0));
  await result.current[1]({ x: 1 });
  await waitFor(() => expect(result.current[0]).toEqual({ x: 1 }));
  const all = result.current;
  await ada.state("objects").set("b", 2);
  await ada.state("objects").set("c", 3);
  expect((await ada.state("objects").all()).size).toBe(3);
  expect(result.current).toBe(all);
});

test("what changed while the connection was broken is there afterwards", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const { result } = use(ada, () => useSharedState("cut", "k"));
  await waitFor(() => expect(result.current[2].version).toBe(0));
  ada.cut();
  await bob.state("cut").set("k", "new");
  await waitFor(() => expect(result.current[0]).toBe("new"));
});

test("a call rings, is accepted and ends, on both sides", async () => {
  const [ada, bob] = [client(server.url, "ada"), client(server.url, "bob")];
  const [hers, his] = [use(ada, () => useCall()), use(bob, () => useCall())];
  await waitFor(() => expect(ada.isConnected && bob.isConnected).toBe(true));
  const ringing = await hers.result.current.start("bob", { data: { video: true } });
  expect(ringing).toMatchObject({ state: "ringing", callerId: "ada" });
  await waitFor(() =>
    expect(his.result.current).toMatchObject({
      incoming: true,
      call: { state: "ringing", data: { video: true } },
    }),
  );
  expect(hers.result.current.incoming).toBe(false);
  await his.result.current.accept();
  await waitFor(() => expect(hers.result.current.call?.state).toBe("accepted"));
  await waitFor(() => expect(his.result.current.call?.state).toBe("accepted"));
  await hers.result.current.end();
  await waitFor(() =>
    expect(his.result.current.call).toMatchObject({ state: "ended", callId: ringing.callId }),
  );
  his.result.current.dismiss();
  await waitFor(() => expect(his.result.current.call).toBeUndefined());
  await expect(his.result.current.accept()).rejects.toMatchObject({ code: expect.any(String) });
});

test("who was not connected when a call ended learns of it", async () => {
  const ada = client(server.url, "ada3", { backoff: { base: 2000, cap: 2000 } });
  const bob = client(server.url, "bob3");
  const [hers, his] = [use(ada, () => useCall()), use(bob, () => useCall())];
  await waitFor(() => expect(ada.isConnected && bob.isConnected).toBe(true));
  await hers.result.current.start("bob3");
  await waitFor(() => expect(his.result.current.incoming).toBe(true));
  await his.result.current.accept();
  await waitFor(() => expect(hers.result.current.call?.state).toBe("accepted"));
  const broken = new Promise<void>((done) => ada.on("connection", () => done()));
  ada.cut();
  await broken;
  await his.result.current.end();
  await waitFor(() => expect(hers.result.current.call?.state).toBe("ended"));
});

test("a call is declined", async () => {
  const [ada, bob] = [client(server.url, "ada2"), client(server.url, "bob2")];
  const [hers, his] = [use(ada, () => useCall()), use(bob, () => useCall())];
  await waitFor(() => expect(ada.isConnected && bob.isConnected).toBe(true));
  await hers.result.current.start("bob2");
  await waitFor(() => expect(his.result.current.incoming).toBe(true));
  await his.result.current.decline();
  await waitFor(() => expect(hers.result.current.call?.state).toBe("declined"));
});

test("an upload tells how far it is, and is given up by abort", async () => {
  const ada = client(server.url, "ada");
  const states: string[] = [];
  const { result } = use(ada, () => {
    const upload = useUpload();
    states.push(upload.state);
    return upload;
  });
  const file = new File([new Uint8Array(100_000)], "zeros.bin", { type: "application/octet-stream" });
  const uploaded = await result.current.upload(file, { channel: "files" });
  expect(uploaded).toMatchObject({
    url: expect.stringMatching(/^\/files\//),
    fileName: "zeros.bin",
    fileSize: 100_000,
  });
  await waitFor(() => expect(result.current).toMatchObject({ state: "done", progress: 1, file: uploaded }));
  expect(states).toContain("uploading");
  const given = result.current.upload(file, { channel: "files" });
  result.current.abort();
  await expect(given).rejects.toBeDefined();
  await waitFor(() => expect(result.current.state).toBe("idle"));
  await expect(result.current.upload(file, { channel: "" })).rejects.toBeDefined();
  await waitFor(() => expect(result.current.state).toBe("failed"));
});
