import { type Client, ParleyError, type StateValue } from "@parley/client";
import type { ChannelStore } from "./channel-store";
import { Store } from "./store";

/** A channel's shared state as far as it is known. */
export interface StateView {
  readonly keys: ReadonlyMap<string, StateValue>;
  /** All keys were read: one that is not there does not exist. */
  readonly loaded: boolean;
  /** Why they could not be read. It is tried again with the next connection. */
  readonly error?: ParleyError;
}

export const unknownState: StateView = { keys: new Map(), loaded: false };

/** The keys of one channel, while anybody looks at one of them. */
export class StateStore extends Store {
  #view = unknownState;
  #stops: (() => void)[] = [];
  #following: (() => void) | undefined;
  #round = 0;
  readonly #client: Client;
  readonly #channel: ChannelStore;

  constructor(client: Client, channel: ChannelStore) {
    super();
    this.#client = client;
    this.#channel = channel;
  }

  readonly snapshot = (): StateView => this.#view;

  protected start(): void {
    this.#stops = [
      this.#channel.subscribe(() => this.#follow()),
      this.#client.on("ready", () => this.#follow()),
    ];
    this.#follow();
  }

  protected stop(): void {
    this.#round++;
    for (const stop of this.#stops.splice(0)) stop();
    this.#following?.();
    this.#following = undefined;
    this.#view = unknownState;
  }

  /** Reads the keys and follows them, once the channel is joined: what changes in between would be missed before. */
  #follow(): void {
    if (this.#following || !this.#channel.standing.joined) return;
    const round = ++this.#round;
    const state = this.#client.state(this.#channel.channelId);
    this.#following = state.subscribe((key, value) => this.#put(key, value));
    state.all().then(
      (keys) => {
        if (round === this.#round) this.#show({ keys, loaded: true });
      },
      (error) => {
        if (round !== this.#round) return;
        this.#following?.();
        this.#following = undefined;
        if (error instanceof ParleyError) this.#show({ ...this.#view, error });
      },
    );
  }

  #put(key: string, value: StateValue | undefined): void {
    const held = this.#view.keys.get(key);
    if (held?.version === value?.version) return;
    const keys = new Map(this.#view.keys);
    if (value) keys.set(key, value);
    else keys.delete(key);
    this.#show({ ...this.#view, keys });
  }

  #show(view: StateView): void {
    this.#view = view;
    this.changed();
  }
}
