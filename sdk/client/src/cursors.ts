import type { Frame } from "./frame";
import type { Cursor, Message } from "./types";
import { type Numbers, Unread } from "./unread";

export interface CursorsOptions {
  /** The user's own id, once it is known. */
  self(): string | undefined;
  ask(frame: Frame): Promise<Frame>;
  /** Something is known of the channel that was not. */
  changed(channelId: string): void;
}

interface Known {
  users: Map<string, Cursor>;
  shown: ReadonlyMap<string, Cursor> | undefined; // what `of` gave, until something changes
  others: { delivered: number; read: number }; // the greatest
  unread: Unread;
}

const nobody: ReadonlyMap<string, Cursor> = new Map();

/** How far users have come in the channels that are followed, as far as the server told. */
export class Cursors {
  readonly #options: CursorsOptions;
  readonly #channels = new Map<string, Known>();

  constructor(options: CursorsOptions) {
    this.#options = options;
  }

  /** A subscription begins, at a place in a log that ends at `head`. */
  begin(channelId: string, place: number, head: number, own: Cursor): void {
    const known = this.#channels.get(channelId) ?? this.#add(channelId, place);
    known.unread.begin(place, head, own);
    this.#raise(known, { userId: this.#options.self() ?? "", ...own });
    this.#options.changed(channelId);
  }

  /** An event was told of, and with it everything up to `place`. */
  logged(channelId: string, seq: number, place: number, message: boolean): void {
    const known = this.#channels.get(channelId);
    if (!known) return;
    const before = known.unread.count;
    known.unread.logged(seq, place, message);
    if (known.unread.count !== before) this.#options.changed(channelId);
  }

  /** Users have come so far, at least: a cursor never moves back. */
  moved(channelId: string, cursors: (Partial<Cursor> & { userId: string })[]): void {
    const known = this.#channels.get(channelId);
    if (!known) return;
    let changed = false;
    for (const cursor of cursors) changed = this.#raise(known, cursor) || changed;
    if (changed) this.#options.changed(channelId);
  }

  /** Each user's, the own one too: a map that is never changed, and the same until something does. */
  of(channelId: string): ReadonlyMap<string, Cursor> {
    const known = this.#channels.get(channelId);
    if (!known) return nobody;
    known.shown ??= new Map(known.users);
    return known.shown;
  }

  /** How many messages come after the user's own read cursor; undefined: the channel is not followed. */
  unread(channelId: string): number | undefined {
    return this.#channels.get(channelId)?.unread.count;
  }

  /** How far one of the others has come; undefined: the channel is not followed. */
  others(channelId: string): { delivered: number; read: number } | undefined {
    return this.#channels.get(channelId)?.others;
  }

  forget(channelId: string): void {
    if (this.#channels.delete(channelId)) this.#options.changed(channelId);
  }

  #add(channelId: string, place: number): Known {
    const ask = async (page: { after: number } | { before: number }): Promise<Numbers> => {
      const answer = await this.#options.ask({ type: "history", channelId, limit: 1, ...page });
      return (answer.messages as Message[])[0];
    };
    const known: Known = {
      users: new Map(),
      shown: undefined,
      others: { delivered: 0, read: 0 },
      unread: new Unread(place, {
        after: (seq) => ask({ after: seq }),
        upTo: (seq) => ask({ before: seq + 1 }),
        changed: () => this.#options.changed(channelId),
      }),
    };
    this.#channels.set(channelId, known);
    return known;
  }

  #raise(known: Known, { userId, delivered = 0, read = 0 }: Partial<Cursor> & { userId: string }): boolean {
    const before = known.users.get(userId) ?? { delivered: 0, read: 0 };
    const now = { delivered: Math.max(before.delivered, delivered), read: Math.max(before.read, read) };
    if (now.delivered === before.delivered && now.read === before.read) return false;
    known.users.set(userId, now);
    known.shown = undefined;
    if (userId === this.#options.self()) {
      known.unread.moved(now.read);
      return true;
    }
    known.others.read = Math.max(known.others.read, now.read);
    known.others.delivered = Math.max(known.others.delivered, now.delivered, now.read);
    return true;
  }
}
