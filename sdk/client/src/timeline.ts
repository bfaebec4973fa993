import type { ParleyError } from "./error";
import { hang } from "./notes";
import type { Draft } from "./sender";
import { placeOf, Seqs } from "./seqs";
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

/** Where what is held ends, as long as that is the end of the log. */
const present = Number.POSITIVE_INFINITY;

/**
 * A stretch of a channel's log as messages in their present state, in the order
 * of `seq`: every message from `oldest` to `newest` is held, and of others nothing
 * is known. Where it reaches the present, those of one's own that are not stored
 * yet come after it.
 *
 * What comes twice changes nothing, whether by a page, an event or an
 * acknowledgement. Objects are never changed: a message that changes is another
 * object, and the others stay the ones they were. An event costs a binary search,
 * however many messages are held; the array of all of them is made when it is
 * asked for.
 */
export class Timeline {
  #stored: StoredMessage[] = [];
  readonly #seqs = new Map<string, number>();
  readonly #unsure = new Set<string>(); // ids of those known by their acknowledgement alone
  readonly #own = new Set<string>(); // nonces of the author's that are stored
  readonly #pending = new Map<string, PendingMessage>();
  readonly #unread = { sent: new Seqs(), delivered: new Seqs() }; // the author's, by status
  #listed: readonly ListedMessage[] | undefined = [];
  /** Messages from this seq on are held, */
  #from = unknown;
  /** up to this one. */
  #to = present;
  readonly #author: Author;

  constructor(author: Author) {
    this.#author = author;
  }

  /** The same array until something changes. */
  get messages(): readonly ListedMessage[] {
    this.#listed ??=
      this.#to === present
        ? (this.#stored as ListedMessage[]).concat([...this.#pending.values()])
        : this.#stored.slice();
    return this.#listed;
  }

  /** The seq from which on every message is held. */
  get oldest(): number {
    return this.#from;
  }

  /** The seq up to which every message is held; Infinity: the end of the log is. */
  get newest(): number {
    return this.#to;
  }

  /** Reports whether every message around this seq is held. */
  holds(seq: number): boolean {
    return this.#from <= seq && seq <= this.#to;
  }

  /** The seq of a message that is held. */
  seqOf(id: string): number | undefined {
    return this.#seqs.get(id);
  }

  /** Takes a page that ends where what is held begins, or with the log; `more`: there are older ones. */
  addPage(messages: readonly Message[], more: boolean): void {
    this.#putAll(messages);
    const first = messages[0];
    this.#from = more && first ? Math.min(this.#from, first.seq) : 0;
    this.#cut(this.#from);
  }

  /**
   * Takes a page that begins where what is held ends. `end`: up to this seq there
   * is none after the page, or Infinity, where the page reached the end of the log.
   */
  addNewer(messages: readonly Message[], end: number): void {
    this.#putAll(messages);
    this.#to = Math.max(end, this.#to === present ? 0 : this.#to);
    this.#changed();
  }

  /** Takes a page from the middle of the log: every message from one seq to another. */
  addMiddle(messages: readonly Message[], from: number, to: number): void {
    this.#putAll(messages);
    this.#from = from;
    this.#to = to;
    this.#cut(from);
    this.#cutAfter(to);
    this.#changed();
  }

  /** Takes an event. They come in the order of `seq`, with nothing left out since the first page. */
  apply(event: LogEvent): void {
    switch (event.type) {
      case "message":
        if (this.holds(event.seq)) this.#put(event, false);
        else if (event.seq > this.#to) this.#passed(event);
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
    if (this.holds(message.seq) || this.#from === unknown) this.#put(message, true);
    else this.#passed(message); // it is elsewhere in the log
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

  /** Others may have come further with the author's messages; false: they have not. */
  moved(): boolean {
    const arrived = this.#rise("sent");
    const read = this.#rise("delivered");
    return arrived || read;
  }

  /**
   * Where more than `most` are stored, forgets the oldest, and with them a 16th of
   * the rest: who shows them need not begin anew with each that comes.
   */
  trim(most: number): void {
    const first = this.#stored[this.#stored.length - most + (most >> 4)];
    if (most > 0 && this.#stored.length > most && first) {
      this.#from = first.seq;
      this.#cut(first.seq);
    }
  }

  /** Forgets the newest but for `most` of the stored ones: what is held ends before the present. */
  trimNewest(most: number): void {
    const last = this.#stored[most - 1];
    if (most > 0 && this.#stored.length > most && last) {
      this.#to = last.seq;
      this.#cutAfter(last.seq);
    }
  }

  /** Forgets what was stored: it is to be read anew. What is on its way stays. */
  clear(): void {
    this.#stored = [];
    this.#seqs.clear();
    this.#own.clear();
    this.#unsure.clear();
    this.#unread.sent.clear();
    this.#unread.delivered.clear();
    this.#from = unknown;
    this.#to = present;
    this.#changed();
  }

  /** Takes the messages of a page, which are in order: one that is beside all that is held is put there as a whole. */
  #putAll(messages: readonly Message[]): void {
    const first = this.#stored[0];
    const last = messages.at(-1);
    if (!first || !last || last.seq >= first.seq) {
      for (const m of messages) this.#put(m, false);
      return;
    }
    const rest = this.#stored;
    this.#stored = [];
    for (const m of messages) this.#put(m, false);
    this.#stored = this.#stored.concat(rest);
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
    if (status === "sent" || status === "delivered") this.#unread[status].add(m.seq);
    if (nonce !== undefined) this.#own.add(nonce);
    if (unsure) this.#unsure.add(m.id);
    this.#changed();
  }

  /** One was stored outside of what is held: if it was on its way, it is no more. */
  #passed(m: Message): void {
    if (m.senderId === this.#author.userId && this.#pending.delete(m.nonce ?? "")) this.#changed();
  }

  /** Takes those of the author's up that others have come to since; they come to one after the other. */
  #rise(from: "sent" | "delivered"): boolean {
    const waiting = this.#unread[from];
    let risen = false;
    for (let seq = waiting.first; seq !== undefined; seq = waiting.first) {
      const i = this.#find(seq);
      const m = this.#stored[i];
      const status = m && this.#statusOf(m);
      if (status === from || status === "sent") break;
      waiting.shift();
      if (!m || status === undefined) continue;
      if (status === "delivered") this.#unread.delivered.add(seq);
      this.#replace(i, { ...m, status });
      risen = true;
    }
    return risen;
  }

  /** Where the message of this seq is, or would be. */
  #find(seq: number): number {
    return placeOf(this.#stored, seq, (m) => m.seq);
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
    this.#drop(0, this.#find(seq));
  }

  /** Drops what is newer than `seq`. */
  #cutAfter(seq: number): void {
    this.#drop(this.#find(seq + 1), this.#stored.length);
  }

  #drop(begin: number, end: number): void {
    if (begin >= end) return;
    for (const m of this.#stored.splice(begin, end - begin)) {
      this.#seqs.delete(m.id);
      this.#own.delete(m.key);
      this.#unsure.delete(m.id);
      if (m.status === "sent" || m.status === "delivered") this.#unread[m.status].remove(m.seq);
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
