import { type Client, type Json, ParleyError } from "@parley/client";

/** What somebody wants to be told of. */
export type Mode = "all" | "mentions" | "none";

/** What the user chose, on all of their devices. */
export interface ChoicesView {
  readonly known: boolean;
  readonly usual: Mode;
  readonly channels: ReadonlyMap<string, Mode>;
  readonly error?: ParleyError;
}

const path = "/v1/push/settings";

/** The user's choices, as the server keeps them. Without a server that keeps any, everything is told. */
export class Choices {
  #view: ChoicesView = { known: false, usual: "all", channels: new Map() };
  #changed = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): ChoicesView => this.#view;

  /** What is told of a channel; `chosen`: for the channel itself. */
  of(channelId: string): { mode: Mode; chosen: boolean } {
    const mode = this.#view.channels.get(channelId);
    return mode ? { mode, chosen: true } : { mode: this.#view.usual, chosen: false };
  }

  load(): Promise<void> {
    return this.#take(() => this.#client.request("GET", path));
  }

  /** Chooses for a channel; `undefined`: what is usual. */
  choose(channelId: string, mode: Mode | undefined): Promise<void> {
    return this.#change((view) => {
      const channels = new Map(view.channels);
      if (mode) channels.set(channelId, mode);
      else channels.delete(channelId);
      return { ...view, channels };
    });
  }

  chooseUsual(usual: Mode): Promise<void> {
    return this.#change((view) => ({ ...view, usual }));
  }

  /**
   * Changes what the server keeps now, one change after the other: it takes all choices at once, and
   * some may have been made on another device.
   */
  #change(change: (view: ChoicesView) => ChoicesView): Promise<void> {
    const before = this.#view;
    this.#show(change(before)); // at once: nobody waits for a choice of their own
    const put = async () => {
      const { usual, channels } = change(read(await this.#client.request("GET", path)));
      return this.#client.request("PUT", path, {
        body: { default: usual, channels: Object.fromEntries(channels) },
      });
    };
    this.#changed = this.#changed.then(() => this.#take(put, before));
    return this.#changed;
  }

  /** Takes over what the server answers; where it refuses, what was `before`. */
  async #take(ask: () => Promise<Json>, before = this.#view): Promise<void> {
    try {
      this.#show(read(await ask()));
    } catch (error) {
      const why = error instanceof ParleyError ? error : new ParleyError("internal", String(error));
      this.#show({ ...before, error: why });
    }
  }

  #show(view: ChoicesView): void {
    this.#view = view;
    for (const listener of [...this.#listeners]) listener();
  }
}

function read(answer: Json): ChoicesView {
  const { default: usual, channels } = answer as { default?: Json; channels?: { [id: string]: Json } };
  const chosen = Object.entries(channels ?? {}).filter((entry): entry is [string, Mode] => isMode(entry[1]));
  return { known: true, usual: isMode(usual) ? usual : "all", channels: new Map(chosen) };
}

function isMode(value: unknown): value is Mode {
  return value === "all" || value === "mentions" || value === "none";
}
