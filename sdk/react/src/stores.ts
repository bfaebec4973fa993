import type { Client } from "@parley/client";
import type { Around, MessageListOptions } from "@parley/client/messages";
import { CallStore } from "./call-store";
import { ChannelStore } from "./channel-store";
import { ConnectionStore } from "./connection-store";
import { MessagesStore } from "./messages-store";
import { StateStore } from "./state-store";
import { Kept } from "./store";

/** Of a list of messages: its channel, and its options. */
type Key = [string, number | null, number | null, Around | null, number | null];

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
      const [channelId, limit, most, around, every] = JSON.parse(key) as Key;
      return new MessagesStore(client, this.channels.get(channelId), {
        ...(limit !== null && { limit }),
        ...(most !== null && { most }),
        ...(around !== null && { around }),
        ...(every !== null && { every }),
      });
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

  messages(channelId: string, options: MessageListOptions): MessagesStore {
    const { limit = null, most = null, around = null, every = null } = options;
    const key: Key = [channelId, limit, most, around, every];
    return this.#lists.get(JSON.stringify(key));
  }
}
