import { ParleyError } from "./error";
import type { Frame } from "./frame";

/** Something that is to become an event of a channel's log. */
export interface Draft {
  /** The server knows it again by this, however often it is sent. */
  nonce: string;
  channelId: string;
  frame: Frame;
}

interface Entry extends Draft {
  settle(ack: Frame): void;
  fail(error: ParleyError): void;
}

export interface OutboxOptions {
  /** Sends a frame, if there is a connection; false: there is none. */
  send(frame: Frame): boolean;
  /** Calls back after so many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void;
  /** How many drafts may wait. */
  most: number;
}

/** How long to wait before trying again what the server refused for now without saying how long. */
const patience = 1000;

/**
 * Drafts on their way. Of each channel one at a time is under way, so that they
 * become events in the order in which they were added, also where one is
 * refused for a moment and sent again. A connection that breaks loses nothing:
 * what has no answer is sent again with its nonce.
 */
export class Outbox {
  private readonly queues = new Map<string, Entry[]>();
  private readonly pauses = new Map<string, () => void>();
  private size = 0;

  constructor(private readonly options: OutboxOptions) {}

  /** How many drafts have no answer. */
  get length(): number {
    return this.size;
  }

  /** Adds a draft; the promise is kept with the server's ack. */
  add(draft: Draft): Promise<Frame> {
    if (this.size >= this.options.most) {
      return Promise.reject(new ParleyError("queue_full", `${this.size} messages wait already`));
    }
    return new Promise((settle, fail) => {
      const queue = this.queues.get(draft.channelId) ?? [];
      this.queues.set(draft.channelId, queue);
      queue.push({ ...draft, settle, fail });
      this.size++;
      if (queue.length === 1) this.send(draft.channelId);
    });
  }

  /** A connection is there: whatever was first under way is sent, again or for the first time. */
  resume(): void {
    for (const stop of this.pauses.values()) stop();
    this.pauses.clear();
    for (const channel of this.queues.keys()) this.send(channel);
  }

  /** Takes the server's ack or error; false: it answers nothing of this outbox. */
  answered(frame: Frame, error?: ParleyError): boolean {
    for (const [channel, queue] of this.queues) {
      const first = queue[0];
      if (!first || first.nonce !== frame.nonce) continue;
      if (error?.retry) {
        this.pause(channel, error.retryAfter ?? patience);
        return true;
      }
      this.remove(channel, queue);
      if (error) first.fail(error);
      else first.settle(frame);
      this.send(channel);
      return true;
    }
    return false;
  }

  /** Nothing more is sent; what waits fails. */
  close(error: ParleyError): void {
    for (const stop of this.pauses.values()) stop();
    this.pauses.clear();
    const entries = [...this.queues.values()].flat();
    this.queues.clear();
    this.size = 0;
    for (const entry of entries) entry.fail(error);
  }

  private remove(channel: string, queue: Entry[]): void {
    queue.shift();
    this.size--;
    if (queue.length === 0) this.queues.delete(channel);
  }

  /** Sends what is first in the channel's queue; without a connection resume does. */
  private send(channel: string): void {
    const first = this.queues.get(channel)?.[0];
    if (first) this.options.send(first.frame);
  }

  private pause(channel: string, milliseconds: number): void {
    this.pauses.get(channel)?.();
    const stop = this.options.after(milliseconds, () => {
      this.pauses.delete(channel);
      this.send(channel);
    });
    this.pauses.set(channel, stop);
  }
}
