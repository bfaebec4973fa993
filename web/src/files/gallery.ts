import type { Client, Message } from "@parley/client";
import { fileOf } from "./shared";

const page = 200; // messages that are asked for at once
const most = 10; // pages that are looked through for the next image

/** The images of a channel, in the order of its messages, read as far as somebody has looked. */
export class Gallery {
  readonly #client: Pick<Client, "getHistory">;
  readonly #channelId: string;
  #images: Message[];
  #from: number; // what lies between these seqs is known
  #to: number;
  #first = false; // there is nothing before #from
  #last = false;
  readonly #reading = new Map<-1 | 1, Promise<void>>();

  /** Begins with the image of one message. */
  constructor(client: Pick<Client, "getHistory">, message: Message) {
    this.#client = client;
    this.#channelId = message.channelId;
    this.#images = [message];
    this.#from = this.#to = message.seq;
  }

  /** The image before (-1) or after (1) that of a message; undefined: there is none. */
  async beside(message: Message, way: -1 | 1): Promise<Message | undefined> {
    for (let tries = 0; ; tries++) {
      const at = this.#images.findIndex(({ id }) => id === message.id);
      const found = this.#images[at + way];
      if (found || at < 0) return found;
      if (tries === most || (way < 0 ? this.#first : this.#last)) return undefined;
      await this.#read(way);
    }
  }

  /** Reads a page, once for all who wait for it: what was read twice would be there twice. */
  #read(way: -1 | 1): Promise<void> {
    const under = this.#reading.get(way);
    if (under) return under;
    const page = (way < 0 ? this.#older() : this.#newer()).finally(() => this.#reading.delete(way));
    this.#reading.set(way, page);
    return page;
  }

  async #older(): Promise<void> {
    const messages = await this.#client.getHistory(this.#channelId, { before: this.#from, limit: page });
    this.#images = [...messages.filter(isImage), ...this.#images];
    this.#from = messages[0]?.seq ?? this.#from;
    this.#first = messages.length === 0 || !messages.more;
  }

  async #newer(): Promise<void> {
    const messages = await this.#client.getHistory(this.#channelId, { after: this.#to, limit: page });
    this.#images = [...this.#images, ...messages.filter(isImage)];
    this.#to = messages.at(-1)?.seq ?? this.#to;
    this.#last = messages.length === 0;
  }
}

function isImage(message: Message): boolean {
  return fileOf(message)?.kind === "image";
}
