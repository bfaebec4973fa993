import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { build } from "vite";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { until } from "../../../e2e/server.mjs";
import type * as Package from "../src";
import { World } from "./harness";

const world = new World();

/** The client, in a place that has little beside the language: no DOM, URL, crypto, AbortSignal.any or timers' objects. */
async function bare(): Promise<typeof Package> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL("../src/index.ts", import.meta.url)),
        formats: ["iife"],
        name: "parley",
        fileName: "parley",
      },
    },
  });
  const outputs = (Array.isArray(built) ? built : [built]) as { output: { code?: string }[] }[];
  const code = outputs[0]?.output[0]?.code ?? "";
  const given = {
    setTimeout: (f: () => void, ms: number) => Number(setTimeout(f, ms)),
    clearTimeout: (n: number) => clearTimeout(n),
    queueMicrotask,
    fetch: (url: string, { signal, keepalive, ...rest }: RequestInit = {}) => {
      // Its signal is of another kind than Node's.
      const inner = new AbortController();
      signal?.addEventListener("abort", () => inner.abort());
      return fetch(url, { ...rest, signal: inner.signal });
    },
    console,
    FormData,
    Blob,
    AbortController: class {
      signal = {
        aborted: false,
        reason: undefined as unknown,
        heard: new Set<() => void>(),
        addEventListener(_: string, f: () => void) {
          this.heard.add(f);
        },
        removeEventListener(_: string, f: () => void) {
          this.heard.delete(f);
        },
      };
      abort(reason: unknown) {
        this.signal.aborted = true;
        this.signal.reason = reason;
        for (const f of [...this.signal.heard]) f();
      }
    },
  };
  const context = vm.createContext(given);
  vm.runInContext(`${code};this.parley = parley`, context);
  return (context as { parley: typeof Package }).parley;
}

for (const transport of ["websocket", "polling"] as const) {
  test(`where there is little beside the language and a WebSocket the client does all the same (${transport})`, async () => {
    const { Client, ParleyError } = await bare();
    const channel = `bare ${transport}`;
    const ada = new Client({
      url: world.server.url,
      userId: "ada",
      transport,
      openSocket: (url, protocol) => new WebSocket(url, protocol) as unknown as Package.Socket,
    });
    try {
      const got: Package.Message[] = [];
      ada.on("message", (m) => got.push(m));
      await ada.joinChannel(channel);
      const stored = await ada.sendMessage(channel, "Hello");
      expect(stored.nonce).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await until("it to come back", () => got.length === 1);
      await ada.state(channel).set("key", 1);
      expect((await ada.getPresence("ada")).userId).toBe("ada");
      expect((await ada.upload(new Uint8Array(3), { channel })).fileSize).toBe(3);
      const refused = await ada.editMessage(channel, "nothing", "x").catch((error) => error);
      expect(refused).toBeInstanceOf(ParleyError);
      expect(refused.code).toBe("not_found");
    } finally {
      ada.disconnect();
    }
  });
}
