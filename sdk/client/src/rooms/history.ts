import { Recent } from "../recent";
import { type ChatMessage, sortMessages } from "./message";

/** What a session has received, each message once, in the order of their time. */
export class History {
  readonly #most: number;
  #list: ChatMessage[] = [];
  readonly #seen: Recent;

  /** The oldest go when there are more than `most`. */
  constructor(most: number) {
    this.#most = most;
    this.#seen = new Recent(Math.max(most, 1000) * 10);
  }

  all(): ChatMessage[] {
    return [...this.#list];
  }

  /** False: the message has been here before. */
  add(message: ChatMessage): boolean {
    if (!this.#seen.add(message.messageId)) return false;
    const last = this.#list.at(-1);
    this.#list.push(message);
    if (last && last.timestamp > message.timestamp) this.#list = sortMessages(this.#list);
    if (this.#list.length > this.#most) this.#list.shift();
    return true;
  }

  /** Changes the message, if it is here, and gives it as it is now. */
  edit(messageId: string, change: (message: ChatMessage) => ChatMessage): ChatMessage | undefined {
    const at = this.#list.findIndex((m) => m.messageId === messageId);
    const before = this.#list[at];
    if (!before) return undefined;
    const now = change(before);
    this.#list[at] = now;
    return now;
  }

  remove(messageId: string): void {
    this.#list = this.#list.filter((m) => m.messageId !== messageId);
  }

  /** What was received stays known: it does not come again. */
  clear(): void {
    this.#list = [];
  }
}
