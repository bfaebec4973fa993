// Fails if what an application loads of the client is over its bound. Each line
// of `bounds` is bundled and minified as an application would, with everything
// that it needs; `first` is what is loaded at once, `later` what is imported when
// it is needed. Bytes, gzipped.
import { gzipSync } from "node:zlib";
import { Rolldown } from "tsdown";

const bounds = [
  { name: "@parley/client", code: 'export * from "@parley/client";', first: 12_000, later: 5_500 },
  {
    name: "@parley/client/messages",
    code: 'export * from "@parley/client/messages";',
    first: 4_500,
    later: 0,
  },
  {
    name: "@parley/client/files",
    code: 'export * from "@parley/client/files";',
    first: 4_000,
    later: 0,
  },
  {
    name: "@parley/client/rooms",
    code: 'export * from "@parley/client/rooms";',
    first: 15_500,
    later: 5_500,
  },
  {
    name: "@parley/client/conversations",
    code: 'export * from "@parley/client/conversations";',
    first: 16_500,
    later: 5_500,
  },
  {
    name: "@parley/client, { ParleyError, parsePosition } alone",
    code: 'export { ParleyError, parsePosition } from "@parley/client";',
    first: 1_000,
    later: 0,
  },
];

/** The chunks of an application of one line. */
async function bundle(code) {
  const entry = "virtual:application";
  const made = await Rolldown.rolldown({
    input: entry,
    cwd: import.meta.dirname,
    platform: "browser",
    preserveEntrySignatures: "allow-extension",
    plugins: [
      {
        name: "application",
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
  });
  const { output } = await made.generate({ format: "esm", minify: true });
  await made.close();
  return output.filter((chunk) => chunk.type === "chunk");
}

/** The chunks that the entry imports, itself included, without those that it may import later. */
function imported(chunks) {
  const files = new Set();
  const visit = (file) => {
    if (files.has(file)) return;
    files.add(file);
    for (const next of chunks.find((chunk) => chunk.fileName === file)?.imports ?? []) visit(next);
  };
  visit(chunks.find((chunk) => chunk.isEntry).fileName);
  return files;
}

function weigh(chunks) {
  return chunks.reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0);
}

let over = false;
for (const { name, code, ...most } of bounds) {
  const chunks = await bundle(code);
  const at = imported(chunks);
  const first = weigh(chunks.filter((chunk) => at.has(chunk.fileName)));
  const later = weigh(chunks.filter((chunk) => !at.has(chunk.fileName)));
  console.log(
    `${name}: ${first} bytes gzipped (at most ${most.first}), ${later} on demand (at most ${most.later})`,
  );
  over ||= first > most.first || later > most.later;
}
if (over) process.exit(1);
