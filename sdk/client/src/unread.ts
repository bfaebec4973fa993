import type { Cursor } from "./types";

/** A message's numbers; undefined: there is no such message. */
export type Numbers = { seq: number; sequence: number } | undefined;

export interface UnreadOptions {
  /** The first message above a seq. */
  after(seq: number): Promise<Numbers>;
  /** The last message up to a seq. */
  upTo(seq: number): Promise<Numbers>;
  /** The count is another. */
  changed(): void;
}

/** So many seqs are held; what goes beyond is counted. */
const most = 4096;

/**
 * How many messages of a channel come after the user's read cursor. The server
 * counts when a subscription begins; from there on the log is followed.
 */
export class Unread {
  readonly #options: UnreadOptions;
  #read = 0;
  #place: number; // everything up to here was told of
  #from: number; // of every message after this seq, up to the place, `seen` has the seq if it is unread
  #older = 0; // unread messages up to `from`
  #seen: number[] = [];
  /** The server's count of what is after `read` and up to `head`, until all of that was told of. */
  #counted: { unread: number; read: number; head: number } | undefined;

  constructor(place: number, options: UnreadOptions) {
    this.#options = options;
    this.#place = this.#from = place;
  }

  get count(): number {
    const counted = this.#counted,
      read = this.#read,
      seen = this.#seen;
    if (!counted) return this.#older + seen.length;
    if (read >= counted.head) return 0;
    return counted.unread - seen.filter((seq) => seq > counted.read && seq <= read).length;
  }

  /** A subscription begins, at a place in a log that ends at `head`. */
  begin(place: number, head: number, own: Cursor): void {
    if (place !== this.#place) {
      this.#place = this.#from = place;
      this.#seen = [];
    }
    this.#counted = { unread: own.unread ?? 0, read: own.read, head };
    this.#read = Math.max(this.#read, own.read);
    this.#settle();
  }

  /** An event was told of, and with it everything up to `place`. */
  logged(seq: number, place: number, message: boolean): void {
    this.#place = place;
    if (message && seq > (this.#counted?.read ?? this.#read)) this.#seen.push(seq);
    this.#settle();
    if (!this.#counted && this.#seen.length > most) {
      this.#seen.sort((a, b) => a - b);
      const counted = this.#seen.splice(0, most / 2);
      this.#older += counted.length;
      this.#from = counted.at(-1) ?? this.#from;
    }
  }

  /** The user has read up to here. */
  moved(read: number): void {
    if (read <= this.#read) return;
    this.#read = read;
    if (!this.#counted) this.#pass();
  }

  /** Everything that the server counted was told of: what of it came before `from` is the rest. */
  #settle(): void {
    const counted = this.#counted;
    if (!counted || this.#place < counted.head) return;
    this.#counted = undefined;
    this.#seen = this.#seen.filter((seq) => seq > counted.read);
    const among = this.#seen.filter((seq) => seq <= counted.head).length;
    this.#older = Math.max(0, counted.unread - among);
    if (this.#read > counted.read) this.#pass();
  }

  /** Takes what was read from what is unread. */
  #pass(): void {
    const read = this.#read,
      from = this.#from;
    this.#seen = this.#seen.filter((seq) => seq > read);
    if (this.#older === 0) return;
    if (read >= from) this.#older = 0;
    else void this.#recount(read, from).catch(() => {}); // until the next subscription it is too many
  }

  /** The cursor is where the client has not been: messages are numbered, so two of them say how many there are. */
  async #recount(read: number, from: number): Promise<void> {
    const [first, last] = await Promise.all([this.#options.after(read), this.#options.upTo(from)]);
    if (read !== this.#read || from !== this.#from || this.#counted) return;
    this.#older = first && last ? Math.max(0, last.sequence - first.sequence + 1) : 0;
    this.#options.changed();
  }
}
