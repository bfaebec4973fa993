import { ParleyError } from "./error";
import type { Frame } from "./frame";

interface Waiting {
  frame: Frame;
  again: boolean;
  sent: boolean;
  settle(answer: Frame): void;
  fail(error: ParleyError): void;
}

export interface RequestsOptions {
  /** Sends a frame, if there is a connection; false: there is none. */
  send(frame: Frame): boolean;
  after(milliseconds: number, callback: () => void): () => void;
}

/** A request without an answer fails after so long. */
const within = 30_000;

/** Questions on their way, and who waits for their answers. */
export class Requests {
  readonly #options: RequestsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed: ParleyError | undefined;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /**
   * Asks, now or when there is a connection, and is kept with the answer. With
   * `again` it is asked once more after a connection broke, for it does no harm;
   * else that is the error `unknown`.
   */
  ask(frame: Frame, again: boolean): Promise<Frame> {
    if (this.#closed) return Promise.reject(this.#closed);
    const ref = ++this.#last;
    return new Promise((settle, fail) => {
      const stop = this.#options.after(within, () => {
        this.#waiting.delete(ref);
        fail(
          new ParleyError("timeout", `no answer to ${frame.type} within ${within / 1000} s`, { retry: true }),
        );
      });
      const waiting: Waiting = {
        frame: { ...frame, ref },
        again,
        sent: false,
        settle: (answer) => {
          stop();
          settle(answer);
        },
        fail: (error) => {
          stop();
          fail(error);
        },
      };
      this.#waiting.set(ref, waiting);
      waiting.sent = this.#options.send(waiting.frame);
    });
  }

  /** Takes an answer; false: nobody waits for it. */
  answered(frame: Frame, error?: ParleyError): boolean {
    if (typeof frame.ref !== "number") return false;
    const waiting = this.#waiting.get(frame.ref);
    if (!waiting) return false;
    this.#waiting.delete(frame.ref);
    if (error) waiting.fail(error);
    else waiting.settle(frame);
    return true;
  }

  /** The connection broke. */
  broke(): void {
    for (const [ref, waiting] of this.#waiting) {
      if (!waiting.sent || waiting.again) {
        waiting.sent = false;
        continue;
      }
      this.#waiting.delete(ref);
      waiting.fail(
        new ParleyError("unknown", "the connection broke before the answer came", { retry: true }),
      );
    }
  }

  /** A connection is there. */
  resume(): void {
    for (const waiting of this.#waiting.values()) {
      if (!waiting.sent) waiting.sent = this.#options.send(waiting.frame);
    }
  }

  /** What waits fails, and what is asked from now on. */
  close(error: ParleyError): void {
    this.#closed = error;
    for (const waiting of this.#waiting.values()) waiting.fail(error);
    this.#waiting.clear();
  }
}
