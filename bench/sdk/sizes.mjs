// What an application's bundle grows by, as the packages' builds weigh it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sdk = new URL('../../sdk/', import.meta.url);

// sizes are, of each entry, the bytes that are loaded at once and those that
// are loaded when they are needed: minified and gzipped, with all that the
// entry needs but the framework. A size over its bound is told too.
export function sizes() {
  const rows = [];
  for (const folder of readdirSync(sdk).sort()) {
    const script = new URL(`${folder}/size.mjs`, sdk);
    if (!existsSync(script)) continue;
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(script)], { cwd: new URL(`${folder}/`, sdk), encoding: 'utf8' });
    for (const [, name, first, later = '0'] of stdout.matchAll(/^(.*)[:;] (\d+) bytes gzipped(?:.*?, (\d+) on demand)?/gm)) {
      rows.push({ name, first: Number(first), later: Number(later) });
    }
  }
  return rows;
}
