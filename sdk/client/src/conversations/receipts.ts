import { CONNECTING, type FrameSocket, sendFrame } from "./frames";
import { temporary } from "./message";

/** When a message came how far, as this page was told. */
export interface MessageTimes {
  messageId: string;
  sent: Date;
  delivered?: Date;
  read?: Date;
}

/** The detail of the window's event `message-status-change`. */
export interface MessageStatusChange {
  messageId: string;
  status: "delivered" | "read";
}

/** So many of one's own messages, and of the receipts sent, are remembered: the last ones. */
const most = 10_000;

declare global {
  interface WindowEventMap {
    "message-status-change": CustomEvent<MessageStatusChange>;
  }
}

/**
 * Keeps how far one's own messages have come, and tells the others what one has
 * read. `ws` is a `ConversationClient`'s `socket`, or a WebSocket to `/chat`.
 * Each change is told by the window's event `message-status-change`.
 */
export class ReadReceiptManager {
  readonly #ws: FrameSocket;
  readonly #times = new Map<string, MessageTimes>();
  readonly #told = new Set<string>(); // receipts, by reader and message
  readonly #userId: string | undefined;

  /** `userId` is whose page this is; a `ConversationSocket` knows it. */
  constructor(ws: FrameSocket & { readonly userId?: string }, userId?: string) {
    this.#ws = ws;
    this.#userId = userId ?? ws.userId;
  }

  /** One of one's own is stored. */
  markMessageSent(messageId: string): void {
    if (this.#times.has(messageId)) return;
    this.#times.set(messageId, { messageId, sent: new Date() });
    forgetOldest(this.#times);
  }

  markMessageDelivered(messageId: string): void {
    const times = this.#times.get(messageId);
    if (!times || times.delivered) return;
    times.delivered = new Date();
    announce(messageId, "delivered");
  }

  /**
   * `userId` has seen a message. Is it one's own, its status is `read`, unless
   * who has seen it is its sender; is it another's, they are told, once.
   */
  markMessageRead(messageId: string, userId: string): void {
    const own = this.#times.has(messageId);
    if (own && userId !== this.#userId) this.markMessageReadByOthers(messageId);
    if (messageId.startsWith(temporary) || (own && this.#userId !== undefined)) return;
    if (this.#userId !== undefined && userId !== this.#userId) return; // theirs to tell
    const key = `${userId} ${messageId}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    forgetOldest(this.#told);
    this.#send(key, messageId, userId);
  }

  markVisibleMessagesAsRead(messageIds: Iterable<string>, userId: string): void {
    for (const id of messageIds) this.markMessageRead(id, userId);
  }

  /** Another has read one of one's own. */
  markMessageReadByOthers(messageId: string): void {
    const times = this.#times.get(messageId);
    if (!times || times.read) return;
    times.read = new Date();
    announce(messageId, "read");
  }

  /** Of one's own messages. */
  getStatus(messageId: string): MessageTimes | undefined {
    const times = this.#times.get(messageId);
    return times && { ...times };
  }

  #send(key: string, messageId: string, userId: string): void {
    const frame = { type: "read_receipt", messageId, userId, timestamp: Date.now() } as const;
    if (sendFrame(this.#ws, frame)) return;
    if (this.#ws.readyState === CONNECTING && this.#ws.addEventListener) {
      this.#ws.addEventListener("open", () => sendFrame(this.#ws, frame), { once: true });
    } else {
      this.#told.delete(key); // it may be said again, over another socket
    }
  }
}

function forgetOldest(all: Map<string, unknown> | Set<string>): void {
  if (all.size <= most) return;
  for (const oldest of all.keys()) {
    all.delete(oldest);
    return;
  }
}

function announce(messageId: string, status: MessageStatusChange["status"]): void {
  if (typeof window === "undefined") return;
  window.dispatchEvent(new CustomEvent("message-status-change", { detail: { messageId, status } }));
}
