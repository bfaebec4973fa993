import { defineConfig } from "tsdown";

// React and the client stay what the application has of them.
export default defineConfig({
  entry: { index: "src/index.ts", conversations: "src/conversations.ts" },
  format: "esm",
  platform: "neutral",
  tsconfig: "tsconfig.build.json",
  dts: true,
});
