import { defineConfig } from "tsdown";

// What entries share, and what is loaded on demand, is in chunks beside them.
export default defineConfig({
  entry: {
    index: "src/index.ts",
    rooms: "src/rooms/index.ts",
    conversations: "src/conversations/index.ts",
    messages: "src/messages.ts",
    files: "src/files/index.ts",
  },
  format: "esm",
  platform: "neutral",
  dts: true,
});
