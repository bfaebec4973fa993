/** Where unfinished uploads are remembered, so that the same file goes on when it is chosen again. */
export interface UploadMemory {
  get(key: string): string | undefined;
  set(key: string, path: string): void;
  remove(key: string): void;
}

const prefix = "parley.upload.";

/** An upload that was begun so long ago, in milliseconds, is forgotten by the server too. */
const lasts = 7 * 24 * 3600_000;

/** The browser's own, for the pages of one origin; undefined: there is none, or it may not be used. */
export function localMemory(now: () => number = Date.now): UploadMemory | undefined {
  let storage: Storage;
  try {
    storage = localStorage;
    tidy(storage, now());
  } catch {
    return undefined;
  }
  return {
    get: (key) => storage.getItem(prefix + key)?.replace(/^\d+ /, ""),
    set: (key, path) => {
      try {
        storage.setItem(prefix + key, `${now()} ${path}`);
      } catch {
        // It is full. The upload goes on, and is not found again.
      }
    },
    remove: (key) => storage.removeItem(prefix + key),
  };
}

function tidy(storage: Storage, now: number): void {
  for (const key of Object.keys(storage)) {
    if (key.startsWith(prefix) && !(Number.parseInt(storage.getItem(key) ?? "", 10) > now - lasts))
      storage.removeItem(key);
  }
}

const sample = 16 << 10; // bytes that are read at the start, in the middle and at the end

/**
 * What tells a file from another: where it goes, its name, size and time, and
 * some of its bytes. Files that differ and have all of these in common are taken
 * to be the same.
 */
export async function fingerprint(channel: string, fileName: string, file: Blob): Promise<string> {
  const { lastModified } = file as Partial<File>;
  const parts = [0, Math.floor(file.size / 2), Math.max(0, file.size - sample)];
  const bytes = await Promise.all(parts.map((at) => file.slice(at, at + sample).arrayBuffer()));
  const about = new TextEncoder().encode(JSON.stringify([channel, fileName, file.size, lastModified ?? 0]));
  return [about, ...bytes.map((b) => new Uint8Array(b))].reduce(fnv, 0xcbf29ce484222325n).toString(16);
}

/** FNV-1a of 64 bits, begun from `hash`. */
function fnv(hash: bigint, bytes: Uint8Array): bigint {
  let sum = hash;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum;
}
