// Weighs what each page loads before it can be used, and fails beyond its bound:
// the page, its scripts and everything that they import at once, and their styles,
// gzipped each for itself.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const bounds = { "index.html": 150_000, "console.html": 150_000 };
const built = new URL("../dist/app/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL("../manifest.json", built), "utf8"));

let tooLarge = false;
for (const [page, bound] of Object.entries(bounds)) {
  if (!manifest[page]) continue;
  const files = new Set([page]);
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    const chunk = manifest[key];
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const other of chunk.imports ?? []) visit(other);
  };
  visit(page);
  let sum = 0;
  for (const file of files)
    sum += gzipSync(await readFile(fileURLToPath(new URL(file, built))), { level: 9 }).length;
  console.log(`${page}: ${sum} bytes gzipped in ${files.size} files, at most ${bound}`);
  tooLarge ||= sum > bound;
}
if (tooLarge) process.exit(1);
