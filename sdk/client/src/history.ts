import { type Frame, parsePosition } from "./frame";
import type { Requests } from "./requests";
import type { LogEvent, Message } from "./types";

export interface PageOptions {
  /** At most so many; default 50, never more than 1000. */
  limit?: number;
  /** The last ones below this seq. */
  before?: number;
  /** The first ones above this seq. */
  after?: number;
  /** The first ones since then: above a seq, or from a time on. */
  since?: number | string | Date;
  /** Only the replies to this message. */
  threadId?: string;
}

/** Messages, the oldest first: an array, which says where it was read. */
export interface Page extends Array<Message> {
  /** The array itself. */
  messages: Message[];
  /** The end of the log when the page was read: a position to join from without a gap. */
  head: string;
  /** The page ended for its limit or its size: there may be more. */
  more: boolean;
}

/** What a channel's log holds, read back. */
export class History {
  readonly #requests: Requests;
  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async page(channelId: string, { since, ...page }: PageOptions): Promise<Page> {
    const after = since === undefined ? page.after : await this.#seqAt(channelId, since);
    const answer = await this.#ask({
      ...page,
      type: "history",
      channelId,
      ...(after !== undefined && { after }),
    });
    const messages = answer.messages as Message[];
    return Object.assign(messages, { messages, head: answer.head as string, more: answer.more === true });
  }

  async since(channelId: string, since: number | string | Date): Promise<LogEvent[]> {
    const events: LogEvent[] = [];
    for (let from = start(since); ; ) {
      const answer = await this.#ask({ type: "events", channelId, limit: 1000, ...from });
      const page = answer.events as LogEvent[];
      events.push(...page);
      const last = page.at(-1);
      const head = parsePosition(answer.head as string);
      if (!last || !head || last.seq >= head.seq) return events;
      from = { after: last.seq };
    }
  }

  /** The seq after which events are younger than that. */
  async #seqAt(channelId: string, since: number | string | Date): Promise<number> {
    if (typeof since === "number") return since;
    const answer = await this.#ask({ type: "events", channelId, limit: 1, ...start(since) });
    const [first] = answer.events as LogEvent[];
    return first ? first.seq - 1 : (parsePosition(answer.head as string)?.seq ?? 0);
  }

  #ask(frame: Frame): Promise<Frame> {
    return this.#requests.ask(frame, true);
  }
}

function start(since: number | string | Date): { after: number } | { since: string } {
  if (typeof since === "number") return { after: since };
  return { since: typeof since === "string" ? since : since.toISOString() };
}
