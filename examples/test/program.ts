import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program of an example, and what it has printed. */
export class Program {
  out = "";
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(command: string, args: string[]) {
    this.#process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (data) => {
        this.out += data;
      });
    }
    this.#ended = once(this.#process, "exit");
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Waits until it has ended by itself; its exit code. */
  async exit(): Promise<number | null> {
    await this.#ended;
    return this.#process.exitCode;
  }
}
