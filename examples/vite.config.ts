import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The server that pages find at their own origin, as they would behind a proxy. */
const parley = process.env.PARLEY_URL ?? "http://127.0.0.1:8080";
const door: ProxyOptions = {
  target: parley,
  ws: true,
  // A stream that broke off has to end here too: a page that is not told goes on listening to nothing.
  configure: (proxy) =>
    proxy.on("proxyRes", (from, _, to) => from.once("close", () => from.complete || to.destroy())),
};
const proxy = { "/v1": door, "/events": door };

const pages = readdirSync(here("."))
  .filter((name) => !["dist", "node_modules"].includes(name))
  .map((name) => (name === "index.html" ? name : `${name}/index.html`))
  .filter((path) => existsSync(here(path)));

export default defineConfig({
  appType: "mpa",
  // This repository's own packages, from their sources. Elsewhere: npm install @parley/client @parley/react
  resolve: {
    alias: [
      { find: /^@parley\/(client|react)$/, replacement: here("../sdk/$1/src/index.ts") },
      { find: /^@parley\/client\/messages$/, replacement: here("../sdk/client/src/messages.ts") },
      { find: /^@parley\/client\/(\w+)$/, replacement: here("../sdk/client/src/$1/index.ts") },
    ],
    dedupe: ["react", "react-dom"],
  },
  build: { target: "es2022", rolldownOptions: { input: pages.map(here) } },
  server: { host: "127.0.0.1", proxy, fs: { allow: [here("..")] } },
  preview: { host: "127.0.0.1", proxy },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    isolate: false,
  },
});
