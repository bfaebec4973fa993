import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const client = (entry: string) => fileURLToPath(new URL(`../client/src/${entry}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [{ find: /^@parley\/client$/, replacement: client("index") }],
  },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
