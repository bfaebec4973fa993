import { ParleyError } from "./error";
import type { Keeper } from "./keeper";
import type { Credentials, Session } from "./link";
import type { ClientOptions } from "./options";
import type { Outbox } from "./outbox";

/** Reports whether what waits is to outlive the client, by what it was told and what there is here. */
export function keeps({ keep, token, getToken, userId }: ClientOptions): boolean {
  if (typeof keep === "object") return true;
  const named = getToken || userId !== undefined || (token !== undefined && !token.startsWith("pk_"));
  return keep !== false && typeof indexedDB !== "undefined" && Boolean(named);
}

/** Tells the outbox of connections, once it is known that they are the same user's, and where drafts are kept. */
export class Keeping {
  readonly #batching: Promise<unknown> | undefined;
  readonly #keeper: Promise<Keeper | undefined> | undefined;
  #session: Session | undefined; // the last
  #isUp = false;
  readonly #outbox: Outbox;

  constructor(options: ClientOptions, outbox: Outbox, server: string, failed: (error: ParleyError) => void) {
    this.#outbox = outbox;
    const { batch } = options;
    if (batch) {
      const bounds = batch === true ? { most: 10, within: 100 } : batch;
      this.#batching = import("./batch").then(
        ({ Batches }) => {
          outbox.batcher = new Batches(bounds, outbox.options.after);
        },
        () => {}, // each goes by itself then
      );
    }
    if (!keeps(options)) return;
    const keep = typeof options.keep === "object" ? options.keep : undefined;
    const unkept = (why: unknown) =>
      failed(new ParleyError("not_kept", `what waits is kept in memory alone: ${why}`));
    this.#keeper = import("./keeper").then(
      ({ Keeper }) => new Keeper({ outbox, server, keep, unkept }),
      (error) => {
        outbox.attach(undefined);
        unkept(error);
        return undefined;
      },
    );
  }

  /** Credentials are shown to the server. */
  shown(who: Credentials): void {
    void this.#keeper?.then((keeper) => keeper?.shown(who));
  }

  /** A connection is there. */
  up(session: Session): void {
    const before = this.#session;
    const changed = before !== undefined && !before.guest && before.userId !== session.userId;
    this.#session = session;
    this.#isUp = true;
    if (changed) this.#outbox.detach(new ParleyError("foreign_sender", "the user is another now"));
    const go = (keeper?: Keeper) => {
      if (this.#session !== session || !this.#isUp) return;
      if (keeper) keeper.up(session);
      else if (changed) this.#outbox.attach(undefined);
      this.#outbox.resume();
    };
    if (this.#keeper || this.#batching)
      void Promise.all([this.#keeper, this.#batching]).then(([keeper]) => go(keeper));
    else go();
  }

  /** The connection broke. */
  broke(): void {
    this.#isUp = false;
    this.#outbox.broke();
  }
}
