import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@parley\/client$/, replacement: here("../client/src/index.ts") },
      { find: /^@parley\/client\/messages$/, replacement: here("../client/src/messages.ts") },
      { find: /^@parley\/client\/(rooms|conversations)$/, replacement: here("../client/src/$1/index.ts") },
      { find: /^@parley\/react$/, replacement: here("src/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    server: { deps: { external: [/\/e2e\//] } }, // of Node, not of a page
    // The server is another origin than the page.
    environmentOptions: { happyDOM: { settings: { fetch: { disableSameOriginPolicy: true } } } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
