import { defineConfig } from "tsdown";

const common = { entry: "src/index.ts", format: "esm", platform: "neutral" } as const;

export default defineConfig([
  { ...common, dts: true },
  // What a bundler makes of it, to be weighed.
  { ...common, minify: true, dts: false, clean: false, outputOptions: { entryFileNames: "index.min.mjs" } },
]);
