import type { ParleyError } from "./error";
import { hang } from "./notes";
import type { Draft } from "./sender";
import type { LogEvent, Message, MessageDelete, MessageUpdate, SendStatus } from "./types";

/** A message of the log in a list. */
export interface StoredMessage extends Message {
  /** Stays the same from the moment that it was sent, and is no other message's: for React's `key`. */
  readonly key: string;
  /** How far a message of one's own has come. */
  readonly status?: "sent" | "delivered" | "read";
}

/** A message of one's own on its way to the log. */
export interface PendingMessage {
  readonly key: string;
  readonly status: "sending" | "failed";
  /** Why it failed. */
  readonly error?: ParleyError;
  readonly nonce: string;
  readonly channelId: string;
  readonly senderId: string;
  readonly createdAt: string;
  readonly text?: string;
  readonly draft: Draft;
  readonly id?: undefined;
  readonly seq?: undefined;
}

/** `seq` and `id` are undefined in those that are on their way. */
export type ListedMessage = StoredMessage | PendingMessage;

/** Who a list is for, and how far others have come with their messages. */
export interface Author {
  /** Undefined while nobody knows. */
  readonly userId: string | undefined;
  /** Undefined: it is another's. */
  statusOf(message: Pick<Message, "channelId" | "senderId" | "seq">): SendStatus | undefined;
}

/** Where what is held begins before there was a page. */
const unknown = Number.POSITIVE_INFINITY;

/**
 * The end of a channel's log as messages in their present state, in the order of
 * `seq`, and after them those of one's own that are not stored yet. Every message
 * from `oldest` on is held; of older ones nothing is known.
 *
 * What comes twice changes nothing, whether by a page, an event or an
 * acknowledgement. Objects are never changed: a message that changes is another
 * object, and the others stay the ones they were.
 */
export class Timeline {
  #stored: StoredMessage[] = [];
  readonly #seqs = new Map<string, number>();
  readonly #unsure = new Set<string>(); // ids of those known by their acknowledgement alone
  readonly #own = new Set<string>(); // nonces of the author's that are stored
  readonly #pending = new Map<string, PendingMessage>();
  #listed: readonly ListedMessage[] | undefined = [];
  /** Messages from this seq on are held. */
  #from = unknown;
  readonly #author: Author;

  constructor(author: Author) {
    this.#author = author;
  }

  /** The same array until something changes. */
  get messages(): readonly ListedMessage[] {
    this.#listed ??= [...this.#stored, ...this.#pending.values()];
    return this.#listed;
  }

  /** The seq from which on every message is held. */
  get oldest(): number {
    return this.#from;
  }

  /** Takes a page that ends where what is held begins, or with the log; `more`: there are older ones. */
  addPage(messages: readonly Message[], more: boolean): void {
    for (const m of messages) this.#put(m, false);
    const first = messages[0];
    this.#from = more && first ? Math.min(this.#from, first.seq) : 0;
    this.#cut(this.#from);
  }

  /** Takes an event. They come in the order of `seq`, with nothing left out since the first page. */
  apply(event: LogEvent): void {
    switch (event.type) {
      case "message":
        if (event.seq >= this.#from) this.#put(event, false);
        this.#change(event.parentId, (m) => hang(m, event));
        return;
      case "message.update":
        this.#change(event.id, (m) => updated(m, event));
        return;
      case "message.delete":
        this.#change(event.id, (m) => hang(deleted(m, event), event));
        this.#change(event.parentId, (m) => hang(m, event));
        return;
      case "reaction":
      case "pin":
        this.#change(event.id, (m) => hang(m, event));
    }
  }

  /** A message of one's own sets out, for the first time or again. */
  sending(nonce: string, channelId: string, draft: Draft, at: string): void {
    if (this.#own.has(nonce)) return; // it is stored, and only its acknowledgement was lost
    const { text = typeof draft.body === "string" ? draft.body : undefined } = draft;
    this.#pending.set(nonce, {
      key: nonce,
      status: "sending",
      nonce,
      channelId,
      senderId: this.#author.userId ?? "",
      createdAt: this.#pending.get(nonce)?.createdAt ?? at,
      ...(text !== undefined && { text }),
      draft,
    });
    this.#changed();
  }

  /** It was stored, as this. */
  sent(message: Message): void {
    if (this.#from <= message.seq || this.#from === unknown) this.#put(message, true);
    else if (this.#pending.delete(message.nonce ?? "")) this.#changed(); // it is older than what is held
  }

  failed(nonce: string, error: ParleyError): void {
    const pending = this.#pending.get(nonce);
    if (!pending) return;
    this.#pending.set(nonce, { ...pending, status: "failed", error });
    this.#changed();
  }

  /** Shows one that failed no more, and says what it was; undefined: there is no such one. */
  discard(nonce: string): Draft | undefined {
    const pending = this.#pending.get(nonce);
    if (pending?.status !== "failed") return undefined;
    this.#pending.delete(nonce);
    this.#changed();
    return pending.draft;
  }

  /** What is known of one that failed; undefined: there is no such one. */
  failure(nonce: string): PendingMessage | undefined {
    const pending = this.#pending.get(nonce);
    return pending?.status === "failed" ? pending : undefined;
  }

  /** Others may have come further with the author's messages. */
  moved(): void {
    for (let i = this.#stored.length - 1; i >= 0; i--) {
      const m = this.#stored[i];
      if (m?.status === undefined) continue;
      if (m.status === "read") return; // those before are too
      const status = this.#statusOf(m);
      if (status !== undefined && status !== m.status) this.#replace(i, { ...m, status });
    }
  }

  /** Forgets the oldest but for `most` of the stored ones. */
  trim(most: number): void {
    const first = this.#stored[this.#stored.length - most];
    if (most > 0 && this.#stored.length > most && first) {
      this.#from = first.seq;
      this.#cut(first.seq);
    }
  }

  /** Forgets what was stored: it is to be read anew. What is on its way stays. */
  clear(): void {
    this.#stored = [];
    this.#seqs.clear();
    this.#own.clear();
    this.#unsure.clear();
    this.#from = unknown;
    this.#changed();
  }

  #put(m: Message, unsure: boolean): void {
    const nonce = m.senderId === this.#author.userId ? m.nonce : undefined;
    if (nonce !== undefined && this.#pending.delete(nonce)) this.#changed();
    const i = this.#find(m.seq);
    const held = this.#stored[i];
    if (held?.seq === m.seq) {
      if (unsure || (!this.#unsure.delete(m.id) && !isNewer(m, held))) return;
      const { key, status } = held;
      this.#replace(i, { ...m, key, ...(status && { status }) });
      return;
    }
    const status = this.#statusOf(m);
    this.#stored.splice(i, 0, { ...m, key: nonce ?? m.id, ...(status && { status }) });
    this.#seqs.set(m.id, m.seq);
    if (nonce !== undefined) this.#own.add(nonce);
    if (unsure) this.#unsure.add(m.id);
    this.#changed();
  }

  /** Where the message of this seq is, or would be. */
  #find(seq: number): number {
    let [low, high] = [0, this.#stored.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#stored[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #change(id: string | undefined, change: (m: StoredMessage) => StoredMessage): void {
    const seq = id === undefined ? undefined : this.#seqs.get(id);
    if (seq === undefined) return;
    const i = this.#find(seq);
    const m = this.#stored[i];
    if (!m) return;
    const next = change(m);
    if (next !== m) this.#replace(i, next);
  }

  #replace(i: number, m: StoredMessage): void {
    this.#stored[i] = m;
    this.#changed();
  }

  /** Drops what is older than `seq`. */
  #cut(seq: number): void {
    const i = this.#find(seq);
    if (i === 0) return;
    for (const m of this.#stored.splice(0, i)) {
      this.#seqs.delete(m.id);
      this.#own.delete(m.key);
      this.#unsure.delete(m.id);
    }
    this.#changed();
  }

  #statusOf(m: Message): StoredMessage["status"] {
    const status = this.#author.statusOf(m);
    return status === "delivered" || status === "read" ? status : status && "sent";
  }

  #changed(): void {
    this.#listed = undefined;
  }
}

/** Reports whether a message was read later than the same one as it is held, and so knows all that it knows. */
function isNewer(m: Message, held: Message): boolean {
  return (
    (m.editSeq ?? 0) > (held.editSeq ?? 0) ||
    (m.notesSeq ?? 0) > (held.notesSeq ?? 0) ||
    (m.deletedAt !== undefined && held.deletedAt === undefined)
  );
}

function updated(m: StoredMessage, event: MessageUpdate): StoredMessage {
  if (event.seq <= (m.editSeq ?? 0)) return m;
  const { text: _text, body: _body, ...rest } = m;
  return buried({
    ...rest,
    ...(event.newText !== undefined && { text: event.newText }),
    ...(event.body !== undefined && { body: event.body }),
    editSeq: event.seq,
    editedAt: event.editedAt,
  });
}

function deleted(m: StoredMessage, event: MessageDelete): StoredMessage {
  return m.deletedAt === undefined ? buried({ ...m, deletedAt: event.deletedAt }) : m;
}

/** Leaves of a deleted message what a tombstone has. */
function buried(m: StoredMessage): StoredMessage {
  if (m.deletedAt === undefined) return m;
  const { text: _text, body: _body, meta: _meta, mentions: _mentions, expiresAt: _expiresAt, ...rest } = m;
  return rest;
}
