import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The server that `npm run dev` passes everything on to that is no page. */
const parley = process.env.PARLEY_URL ?? "http://127.0.0.1:8080";
const door: ProxyOptions = { target: parley, ws: true };
const proxy = Object.fromEntries(["/v1", "/auth", "/api", "/files", "/events"].map((path) => [path, door]));

/** What a page can be opened at, and the service worker, whose name must stay. */
const entries = Object.entries({
  chat: "index.html",
  console: "console.html",
  sw: "src/sw.ts",
})
  .map(([name, path]) => [name, here(path)] as const)
  .filter(([, path]) => existsSync(path));

export default defineConfig({
  plugins: [react()],
  appType: "mpa",
  // This repository's own packages, from their sources.
  resolve: {
    alias: [
      { find: /^@parley\/(client|react)$/, replacement: here("../sdk/$1/src/index.ts") },
      { find: /^@parley\/client\/messages$/, replacement: here("../sdk/client/src/messages.ts") },
      { find: /^@parley\/client\/(\w+)$/, replacement: here("../sdk/client/src/$1/index.ts") },
    ],
    dedupe: ["react", "react-dom"],
  },
  build: {
    target: "es2022",
    outDir: "dist/app",
    emptyOutDir: true,
    modulePreload: { polyfill: false }, // what runs this page has it
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700, // the table of emoji, which is loaded when one is looked for
    manifest: ".vite/manifest.json", // for build/size.mjs
    rolldownOptions: {
      input: Object.fromEntries(entries),
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  server: { host: "127.0.0.1", proxy, fs: { allow: [here("..")] } },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
