import type { Draft, Message } from "@parley/client";
import type { Around, MessageListOptions, MessagesView } from "@parley/client/messages";
import { useMemo, useSyncExternalStore } from "react";
import { useParley } from "./context";
import { Stores } from "./stores";
import { type ChannelOptions, useChannelPart } from "./use-channel";

export type MessagesOptions = MessageListOptions & ChannelOptions;

/** A channel's messages, and what can be done with them. */
export interface Messages extends MessagesView {
  /** Loads the page before the first message; what goes wrong is in `error`. */
  readonly loadOlder: () => Promise<void>;
  /** Loads the page after the last message, where the list does not reach the present. */
  readonly loadNewer: () => Promise<void>;
  /** Goes to what is around a message (its id, or a seq), or to the present; fails where there is no such message. */
  readonly jump: (around?: Around) => Promise<void>;
  /** Sends a message, which is in the list at once. That it failed is there too: a rejection need not be caught. */
  readonly send: (draft: Draft | string) => Promise<Message>;
  /** Sends one that failed again, as the same message. */
  readonly retry: (nonce: string) => Promise<Message>;
  /** Takes one that failed off the list, and gives back what it was. */
  readonly discard: (nonce: string) => Draft | undefined;
}

const loading: MessagesView = { messages: [], hasOlder: false, hasNewer: false, loading: true };

/**
 * The messages of a channel, which is joined meanwhile. The array, and each
 * message in it, is the same object until it changes, and a message's `key` never
 * does: not when what was sent comes back stored, either.
 */
export function useMessages(
  channelId: string,
  { presence = true, ...options }: MessagesOptions = {},
): Messages {
  const store = Stores.of(useParley()).messages(channelId, options);
  useChannelPart(channelId, presence, () => undefined, undefined);
  const view = useSyncExternalStore(store.subscribe, store.snapshot, () => loading);
  const actions = useMemo(
    () => ({
      loadOlder: () => store.list.loadOlder(),
      loadNewer: () => store.list.loadNewer(),
      jump: (around?: Around) => store.list.jump(around),
      send: (draft: Draft | string) => store.list.send(draft),
      retry: (nonce: string) => store.list.retry(nonce),
      discard: (nonce: string) => store.list.discard(nonce),
    }),
    [store],
  );
  return useMemo(() => ({ ...view, ...actions }), [view, actions]);
}
