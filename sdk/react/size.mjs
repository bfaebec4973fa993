// Fails if what an application loads of the hooks is over its bound: bundled and
// minified as an application would, without React and the client, which it has
// anyway. Bytes, gzipped.
import { gzipSync } from "node:zlib";
import { build } from "vite";

const bounds = [
  { code: 'export * from "@parley/react";', most: 5_500 },
  { code: 'export { useWebSocket } from "@parley/react";', most: 1_500 },
  { code: 'export { useTypingIndicator, useReadReceipts } from "@parley/react/conversations";', most: 1_000 },
];

let over = false;
for (const { code, most } of bounds) {
  const entry = "virtual:application";
  const { output } = await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "warn",
    plugins: [
      {
        name: "application",
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rollupOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        external: /^(react|@parley\/client)(\/|$)/,
      },
    },
  });
  const size = output.reduce((sum, chunk) => sum + gzipSync(chunk.code ?? "", { level: 9 }).length, 0);
  console.log(`${code} ${size} bytes gzipped, at most ${most}`);
  over ||= size > most;
}
if (over) process.exit(1);
