import { errorOf, ParleyError } from "./error";
import type { Frame } from "./frame";
import type { Draft as Drafted, End, Outbox } from "./outbox";
import type { Rate } from "./rate";
import type { Statuses } from "./status";
import type { Json, Message } from "./types";
import { uuid } from "./uuid";

export interface Draft {
  text?: string;
  body?: Json;
  meta?: { [key: string]: Json };
  parentId?: string;
  mentions?: string[];
  /** Milliseconds after which the message is deleted by itself. */
  ttl?: number;
  /** One's own key for it: the same is the same message, however often it is sent. Default: a UUID. */
  nonce?: string;
}

export interface SenderOptions {
  outbox: Outbox;
  rate: Rate;
  statuses: Statuses;
  /** The user's own id, once it is known. */
  self(): string | undefined;
}

/** What the user puts into channels' logs. */
export class Sender {
  readonly #options: SenderOptions;
  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends a message, and is kept with it as it was stored. */
  async send(channelId: string, draft: Draft): Promise<Message> {
    this.#options.rate.take();
    const { nonce = uuid(), ...content } = draft;
    const frame = { type: "publish", channelId, ...content };
    return this.#stored(frame, await this.commit(frame, nonce));
  }

  /** Sends what becomes an event, again and again until the server has answered; the promise is kept with the ack. */
  commit(frame: Frame & { channelId: string }, nonce = uuid()): Promise<Frame> {
    return this.#options.outbox.add({ nonce, channelId: frame.channelId, frame: { ...frame, nonce } });
  }

  /** The messages that have no answer yet, in the order of each channel. */
  waiting(channelId?: string): { channelId: string; nonce: string; draft: Draft }[] {
    const drafts = this.#options.outbox.drafts(channelId).filter(({ frame }) => frame.type === "publish");
    return drafts.map(({ channelId, nonce, frame }) => ({ channelId, nonce, draft: contentOf(frame) }));
  }

  /** Hears of the drafts that wait, in other tabs too, and of their ends. */
  told({ channelId, nonce, frame }: Drafted, end?: End): void {
    if (frame.type !== "publish") return;
    const { statuses } = this.#options;
    if (!end) statuses.began(channelId, nonce, contentOf(frame));
    else if ("ack" in end) statuses.sent(channelId, nonce, this.#stored(frame, end.ack));
    else statuses.failed(channelId, nonce, asError(end.error));
  }

  /** A message as it was sent; who it is from and its numbers are the server's. */
  #stored(frame: Frame, ack: Frame): Message {
    const { id, channelId, nonce, seq, sequence, createdAt } = ack;
    const own = { id, channelId, nonce, seq, sequence, createdAt, senderId: this.#options.self() ?? "" };
    return { ...contentOf(frame), ...own, clientAck: true } as Message;
  }
}

function contentOf({ type: _, channelId: __, ...draft }: Frame): Draft {
  return draft;
}

function asError(error: { code: ParleyError["code"]; message: string }): ParleyError {
  return error instanceof ParleyError ? error : errorOf(error);
}
