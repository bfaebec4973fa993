// Fails if what an application loads of the client is over its bound.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const most = 12_000;
const size = gzipSync(readFileSync(new URL("dist/index.min.mjs", import.meta.url)), { level: 9 }).length;
console.log(`@parley/client: ${size} bytes gzipped, at most ${most}`);
if (size > most) process.exit(1);
