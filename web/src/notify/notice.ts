/** What somebody is told of: as the server pushes it, and as a page that nobody looks at says it to the service worker. */
export interface Notice {
  type: "message";
  /** Who is told. */
  userId: string;
  channelId: string;
  kind: "open" | "private" | "direct";
  /** The channel's title, where it has one. */
  title?: string;
  /** The message. */
  id: string;
  seq: number;
  createdAt: string;
  senderId: string;
  senderName?: string;
  text: string;
  mention?: boolean;
  /** So many messages that were not read call for it; 100: as many or more. */
  count: number;
}

/** What a page says to the service worker. */
export type Word =
  | { type: "parley.notify"; notice: Notice }
  /** The channel was read up to `seq`: what was shown of it up to there goes. */
  | { type: "parley.read"; userId: string; channelId: string; seq: number }
  /** The user is gone from this device: whatever was shown to them goes. */
  | { type: "parley.gone"; userId: string };

/** What the service worker says to a page: somebody wants to see a message. */
export interface Opened {
  type: "parley.open";
  userId: string;
  channelId: string;
  id: string;
}
