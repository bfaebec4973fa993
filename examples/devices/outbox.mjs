import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const most = 100; // messages in a batch
const growing = "growing";

/**
 * What waits for the network, in a folder: one file that grows, and batches
 * that are closed. A closed batch never changes, and its name is the key that
 * it is sent with: however often it is sent, it is stored once.
 */
export class Outbox {
  #folder;
  #file = -1; // the growing one; -1: there is none
  #lines = 0;

  /**
   * Goes on with what the run before left there.
   * @param {string} folder
   */
  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    if (existsSync(join(folder, growing))) this.#seal(); // its last line may be torn: nothing is added to it
  }

  /**
   * Returns once the reading is on disk.
   * @param {unknown} reading
   */
  add(reading) {
    if (this.#file < 0) this.#file = openSync(join(this.#folder, growing), "a");
    writeSync(this.#file, `${JSON.stringify(reading)}\n`);
    fdatasyncSync(this.#file);
    if (++this.#lines >= most) this.close();
  }

  /** Makes what was added a batch. */
  close() {
    if (this.#file < 0) return;
    closeSync(this.#file);
    this.#file = -1;
    this.#lines = 0;
    this.#seal();
  }

  /** The oldest batch; undefined: there is none. */
  oldest() {
    const [key] = readdirSync(this.#folder)
      .filter((name) => name !== growing)
      .sort();
    if (!key) return undefined;
    const lines = readFileSync(join(this.#folder, key), "utf8").split("\n");
    return { key, readings: lines.flatMap(parse) };
  }

  /** @param {string} key */
  remove(key) {
    rmSync(join(this.#folder, key));
  }

  #seal() {
    renameSync(join(this.#folder, growing), join(this.#folder, `${Date.now()}-${randomUUID()}`));
  }
}

/**
 * A line as a list of one, or of none if the power went while it was written.
 * @param {string} line
 * @returns {unknown[]}
 */
function parse(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
