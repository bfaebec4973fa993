import { Cursors } from "./cursors";
import type { Emitter } from "./emitter";
import type { ClientEvents } from "./events";
import type { Frame } from "./frame";
import type { Requests } from "./requests";
import type { Rest } from "./rest";
import { Statuses } from "./status";
import type { Cursor, Message, SendStatus } from "./types";

export interface ReceiptsOptions {
  events: Emitter<ClientEvents>;
  requests: Requests;
  rest: Rest;
  /** The user's own id, once it is known. */
  self(): string | undefined;
}

/** What was delivered to whom and read by whom, in the channels that are followed. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly cursors: Cursors;
  readonly statuses: Statuses;
  readonly #begun = new Set<string>(); // channels whose subscription has begun, and is not level yet

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    const { events, requests, self } = options;
    events.on("joined", ({ channelId }) => this.#begun.add(channelId));
    this.cursors = new Cursors({
      self,
      ask: (frame) => requests.ask(frame, true),
      changed: (channelId) => {
        this.statuses.moved(channelId);
        events.emit("cursors", { channelId });
      },
    });
    this.statuses = new Statuses({
      reach: (channelId) => this.cursors.others(channelId),
      told: (status) => events.emit("status", status),
    });
  }

  /** Moves the user's read cursor. */
  async read(channelId: string, id: string): Promise<Cursor> {
    const answer = await this.#options.requests.ask({ type: "read", channelId, id }, true);
    const cursor = answer.cursor as Cursor;
    const userId = this.#options.self() ?? "";
    this.cursors.moved(channelId, [{ ...cursor, userId }]);
    // The server tells all connections but this one.
    this.#options.events.emit("read", { channelId, userId, seq: cursor.read, id });
    return cursor;
  }

  /** Asks for the cursors of who is away too. */
  async load(channelId: string): Promise<ReadonlyMap<string, Cursor>> {
    const path = `/v1/channels/${encodeURIComponent(channelId)}/cursors`;
    const answer = await this.#options.rest.get(path, { limit: 1000 });
    this.cursors.moved(channelId, (answer as { cursors: (Cursor & { userId: string })[] }).cursors);
    return this.cursors.of(channelId);
  }

  /** How far a message of the user's has come; undefined: it is another's. */
  statusOf(message: Pick<Message, "channelId" | "senderId" | "seq">): SendStatus | undefined {
    if (message.senderId !== this.#options.self()) return undefined;
    const { delivered = 0, read = 0 } = this.cursors.others(message.channelId) ?? {};
    return message.seq <= read ? "read" : message.seq <= delivered ? "delivered" : "sent";
  }

  /** A message was in the log or on a page. */
  seen(message: Message): void {
    if (message.senderId === this.#options.self()) this.statuses.seen(message);
  }

  /** An event of the log is about to be told of, and with it everything up to `place` was. */
  logged(event: Frame & { channelId: string; seq: number }, place: number): void {
    const message = event.type === "message";
    if (message) this.seen(event as unknown as Message);
    this.cursors.logged(event.channelId, event.seq, place, message);
  }

  /** Takes a frame that tells of cursors. */
  told(frame: Frame): void {
    const channelId = frame.channelId ?? "";
    const {
      userId = "",
      seq = 0,
      cursors = [],
    } = frame as {
      userId?: string;
      seq?: number;
      cursors?: (Cursor & { userId: string })[];
    };
    if (frame.type === "delivered") this.cursors.moved(channelId, [{ userId, delivered: seq }]);
    if (frame.type === "read") this.cursors.moved(channelId, [{ userId, read: seq }]);
    if (frame.type !== "level") return;
    this.cursors.moved(channelId, cursors);
    // Of who read and left while this client was away, level says nothing.
    if (this.#begun.delete(channelId) && this.statuses.waits(channelId)) this.load(channelId).catch(() => {});
  }

  /** The channel is followed no more, or its log is another. */
  forget(channelId: string): void {
    this.#begun.delete(channelId);
    this.cursors.forget(channelId);
    this.statuses.forget(channelId);
  }
}
