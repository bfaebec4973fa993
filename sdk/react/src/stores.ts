import type { Client } from "@parley/client";
import { CallStore } from "./call-store";
import { ChannelStore } from "./channel-store";
import { ConnectionStore } from "./connection-store";
import { MessagesStore } from "./messages-store";
import { StateStore } from "./state-store";
import { Kept } from "./store";

const all = new WeakMap<Client, Stores>();

/** What components look at, once for each client: two that ask for the same share it. */
export class Stores {
  readonly connection: ConnectionStore;
  readonly calls: CallStore;
  readonly channels: Kept<ChannelStore>;
  readonly states: Kept<StateStore>;
  readonly #lists: Kept<MessagesStore>;

  private constructor(client: Client) {
    this.connection = new ConnectionStore(client);
    this.calls = new CallStore(client);
    this.channels = new Kept((channelId) => new ChannelStore(client, channelId));
    this.states = new Kept((channelId) => new StateStore(client, this.channels.get(channelId)));
    this.#lists = new Kept((key) => {
      const [channelId, limit, most] = JSON.parse(key) as [string, number | null, number | null];
      const options = { ...(limit !== null && { limit }), ...(most !== null && { most }) };
      return new MessagesStore(client, this.channels.get(channelId), options);
    });
  }

  static of(client: Client): Stores {
    let stores = all.get(client);
    if (!stores) {
      stores = new Stores(client);
      all.set(client, stores);
    }
    return stores;
  }

  messages(channelId: string, options: { limit?: number; most?: number }): MessagesStore {
    return this.#lists.get(JSON.stringify([channelId, options.limit ?? null, options.most ?? null]));
  }
}
