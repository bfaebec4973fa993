import type { Client } from "@parley/client";
import { MessageList, type MessageListOptions, type MessagesView } from "@parley/client/messages";
import type { ChannelStore } from "./channel-store";
import { Store } from "./store";

/** A channel's messages, while anybody looks at them. */
export class MessagesStore extends Store {
  readonly list: MessageList;
  #stops: (() => void)[] = [];
  readonly #channel: ChannelStore;

  constructor(client: Client, channel: ChannelStore, options: MessageListOptions) {
    super();
    this.#channel = channel;
    this.list = new MessageList(client, channel.channelId, options);
  }

  readonly snapshot = (): MessagesView => this.list.snapshot;

  protected start(): void {
    this.#stops = [this.#channel.subscribe(() => {}), this.list.subscribe(() => this.changed())];
  }

  protected stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
