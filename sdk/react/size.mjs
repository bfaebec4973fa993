// Fails if what an application loads of the hooks is over its bound.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const most = 6_000;
const size = gzipSync(readFileSync(new URL("dist/index.js", import.meta.url)), { level: 9 }).length;
console.log(`@parley/react: ${size} bytes gzipped before minifying, at most ${most}`);
if (size > most) process.exit(1);
