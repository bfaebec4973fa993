import type { ParleyError } from "./error";
import type { ClientEvents } from "./events";
import type { Draft } from "./sender";
import type { Author, ListedMessage } from "./timeline";
import type { LogEvent, Message } from "./types";

/** A page of messages, the oldest first. */
export interface SourcePage {
  messages: Message[];
  /** The end of the log when it was read. */
  head: string;
  /** There may be more. */
  more: boolean;
}

/** What a list needs of a client. */
export interface MessageSource extends Author {
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void;
  getHistory(
    channelId: string,
    page: { limit?: number; before?: number; after?: number },
  ): Promise<SourcePage>;
  getMessage(channelId: string, id: string): Promise<Message>;
  getEventsSince(channelId: string, since: number): Promise<LogEvent[]>;
  sendMessage(channelId: string, draft: Draft): Promise<Message>;
  /** What is on its way to the channel already, in its order. */
  waiting(channelId: string): readonly { nonce: string; draft: Draft }[];
}

/** A place in a channel: a message's id, or a seq. */
export type Around = string | number;

export interface MessageListOptions {
  /** How many messages a page has. Default 50. */
  limit?: number;
  /**
   * How many stored messages are held at most: when more come at one end some are
   * dropped at the other, a 16th at a time, and can be loaded again. Default: all.
   */
  most?: number;
  /** Where the list begins: with what is around a message, if there is such a one. Default: the present. */
  around?: Around;
  /** Listeners are told at most so often, in milliseconds. Default 0: after each change. */
  every?: number;
}

/** A list as it is at one moment. It and all that it holds are never changed. */
export interface MessagesView {
  /**
   * Those of the log in the order of `seq`, without a hole, then, unless there are newer ones,
   * one's own on their way. The same array until something changes.
   */
  readonly messages: readonly ListedMessage[];
  /** There are older ones than the first. */
  readonly hasOlder: boolean;
  /** There are newer ones than the last: the list does not reach the present. */
  readonly hasNewer: boolean;
  /** A page is on its way. */
  readonly loading: boolean;
  /** Why the last page could not be had, until the next is asked for or there is a new connection. The first one is asked for again by itself. */
  readonly error?: ParleyError;
}
