// Writes what was built in gzip and brotli beside it, so that the server only
// chooses. What would not be smaller by a tenth is left alone. The manifest of
// the build, which no page asks for, is put out of the way.
import { readdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const built = fileURLToPath(new URL("../dist/app/", import.meta.url));
const texts = new Set([".css", ".js", ".json", ".svg", ".webmanifest"]);
const ways = [
  [".gz", (body) => promisify(gzip)(body, { level: 9 })],
  [".br", (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
];

await rename(join(built, ".vite/manifest.json"), join(built, "../manifest.json"));
await rmdir(join(built, ".vite"));

for (const entry of await readdir(built, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !texts.has(extname(entry.name))) continue;
  const path = join(entry.parentPath, entry.name);
  const body = await readFile(path);
  for (const [suffix, pack] of ways) {
    const packed = await pack(body);
    if (packed.length < body.length * 0.9) await writeFile(path + suffix, packed);
  }
}
