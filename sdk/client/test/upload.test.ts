import { expect, test } from "vitest";
import { Server } from "../../../e2e/server.mjs";
import { ParleyError } from "../src";
import { Line, World } from "./harness";

const world = new World();
const text = (s: string) => new TextEncoder().encode(s);

test("a file is uploaded, shared by a message, and read by who may read the channel", async () => {
  const ada = world.client("ada");
  const told: [number, number][] = [];
  const file = await ada.upload(new Blob(["Hello, file"], { type: "text/plain" }), {
    channel: "files",
    fileName: "hello.txt",
    onProgress: (sent, total) => told.push([sent, total]),
  });
  expect(file).toMatchObject({
    fileName: "hello.txt",
    fileSize: 11,
    url: expect.stringMatching(/^\/files\//),
  });
  expect(told.at(-1)).toEqual([11, 11]);
  const { url, fileName, fileSize } = file;
  await ada.sendMessage("files", { body: { type: "file", url, fileName, fileSize } });
  const read = await fetch(`${world.server.url}${url}?userId=bob`);
  expect(await read.text()).toBe("Hello, file");
});

test("bytes are a file too, also a part of a larger array, and a file has its name", async () => {
  const ada = world.client("ada");
  const bytes = text("..Hello..").subarray(2, 7);
  const file = await ada.upload(bytes, { channel: "files" });
  expect(file).toMatchObject({ fileName: "file", fileSize: 5 });
  const read = await fetch(`${world.server.url}${file.url}?userId=ada`);
  expect(await read.text()).toBe("Hello");
  const named = await ada.upload(new File(["x"], "plan.pdf"), { channel: "files" });
  expect(named.fileName).toBe("plan.pdf");
});

test("an upload that is refused fails with the server's code", async () => {
  const ada = world.client("ada");
  await expect(ada.upload(text("x"), { channel: "" })).rejects.toMatchObject({
    name: "ParleyError",
    code: "invalid",
  });
  await expect(ada.upload(text("x"), { channel: "dm:bob:carol" })).rejects.toMatchObject({
    code: "forbidden",
  });
});

test("an upload is given up by its signal, with its reason, and when the client is disconnected", async () => {
  const l = await Line.to(world.server.url);
  try {
    const ada = world.client("ada", { url: l.url, transport: "websocket" });
    await ada.joinChannel("files");
    const gone = new AbortController();
    gone.abort(new Error("too late"));
    await expect(ada.upload(text("x"), { channel: "files", signal: gone.signal })).rejects.toThrow(
      "too late",
    );
    const stop = new AbortController();
    const large = new Uint8Array(4_000_000);
    const begun = ada.upload(large, {
      channel: "files",
      signal: stop.signal,
      onProgress: () => {
        setTimeout(() => stop.abort(new Error("no more")), 0);
      },
    });
    await expect(begun).rejects.toThrow("no more");
    const other = ada.upload(large, {
      channel: "files",
      onProgress: () => setTimeout(() => ada.disconnect(), 0),
    });
    await expect(other).rejects.toMatchObject({ code: "closed" });
  } finally {
    await l.stop();
  }
});

test("where nobody answers an upload is unavailable, and may be tried again", async () => {
  const ada = world.client("ada", { url: "http://127.0.0.1:9" });
  const failed = await ada.upload(text("x"), { channel: "files" }).catch((error) => error);
  expect(failed).toBeInstanceOf(ParleyError);
  expect(failed).toMatchObject({ code: "unavailable", retry: true });
});

test("a token that is no longer good is renewed once, and the upload goes on with the fresh one", async () => {
  const strict = await Server.start("--log", "text");
  try {
    const good = await strict.token("ada");
    const asked: boolean[] = [];
    let token = good;
    const ada = world.client(undefined, {
      url: strict.url,
      getToken: (fresh) => {
        asked.push(fresh);
        const now = token;
        token = good;
        return now;
      },
    });
    await ada.joinChannel("files");
    asked.length = 0;
    expect((await ada.upload(text("x"), { channel: "files" })).fileSize).toBe(1);
    expect(asked).toEqual([]); // what was shown to the connection is good
    const never = world.client(undefined, {
      url: strict.url,
      getToken: (fresh) => {
        asked.push(fresh);
        return "nonsense";
      },
      openSocket: () => {
        throw new Error("there is no connection");
      },
      transport: "websocket",
      backoff: { base: 60_000, cap: 60_000 },
    });
    asked.length = 0;
    await expect(never.upload(text("x"), { channel: "files" })).rejects.toMatchObject({
      code: "unauthorized",
    });
    expect(asked.filter((fresh) => fresh)).toEqual([true]);
    let first = true;
    const stale = world.client(undefined, {
      url: strict.url,
      getToken: (fresh) => {
        if (fresh) first = false;
        return first ? "nonsense" : good;
      },
      openSocket: () => {
        throw new Error("there is no connection");
      },
      transport: "websocket",
      backoff: { base: 60_000, cap: 60_000 },
    });
    expect((await stale.upload(text("x"), { channel: "files" })).fileSize).toBe(1);
  } finally {
    await strict.stop();
  }
});
