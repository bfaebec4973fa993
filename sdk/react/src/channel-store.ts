import {
  type Client,
  type ClientEvents,
  type Cursor,
  type Joined,
  ParleyError,
  type Presence,
} from "@parley/client";
import { Typist as OwnTypist } from "@parley/client/messages";
import { Store } from "./store";

/** How the user stands in a channel. */
export interface Standing {
  /** The server lets us follow the channel. */
  readonly joined: boolean;
  /** One's role; "" for somebody who is not a member. */
  readonly role: string;
  /** Why the channel is not followed. */
  readonly error?: ParleyError;
}

/** Who is in a channel. */
export interface Roster {
  readonly present: readonly Presence[];
  /** Those who went while we looked, with `lastSeen`. */
  readonly gone: readonly Presence[];
}

/** How far another user has come. */
export type OtherCursor = Pick<Cursor, "delivered" | "read"> & { readonly userId: string };

/** Somebody who types. */
export type Typist = Pick<Presence, "userId" | "userName">;

const outside: Standing = { joined: false, role: "" };
const nobody: Roster = { present: [], gone: [] };
const none: readonly never[] = [];

/** Who was seen is unseen after so many milliseconds, if by then nobody has come again, and not all have left. */
const patience = 100;

/**
 * One channel, joined while anybody looks at it: with presence while one of those
 * who `attend` does, otherwise unseen. What it gives out is never changed, and is
 * the same object until something is different.
 */
export class ChannelStore extends Store {
  standing: Standing = outside;
  typists: readonly Typist[] = none;
  roster: Roster = nobody;
  #others: readonly OtherCursor[] = none;
  #known: ReadonlyMap<string, Cursor> | undefined; // what they were made of
  /** Says that the user types, at each key, and no more by itself. */
  readonly typist: OwnTypist;
  #stops: (() => void)[] = [];
  #attending = 0;
  #asked: boolean | undefined; // joined, or about to be, with presence or without; undefined: neither
  #answered = true;
  #settling = false;
  #quieting: ReturnType<typeof setTimeout> | undefined;
  #round = 0; // tells the answers to a channel that was left meanwhile from those to this one
  readonly #client: Client;

  constructor(
    client: Client,
    readonly channelId: string,
  ) {
    super();
    this.#client = client;
    this.typist = new OwnTypist({
      tell: (typing) => (typing ? client.startTyping(channelId) : client.stopTyping(channelId)),
    });
  }

  /** How far the others have come. */
  get cursors(): readonly OtherCursor[] {
    const known = this.#client.cursors(this.channelId);
    if (known !== this.#known) {
      this.#known = known;
      const { userId: me } = this.#client;
      this.#others = [...known].flatMap(([userId, c]) => (userId === me ? [] : { userId, ...c }));
    }
    return this.#others;
  }

  /** Messages after the read cursor; undefined: not known yet. */
  get unread(): number | undefined {
    return this.#client.unread(this.channelId);
  }

  /** How far the user has read, as far as is known. */
  get readAt(): number {
    return this.#client.cursors(this.channelId).get(this.#client.userId ?? "")?.read ?? 0;
  }

  /** As subscribe, and is seen in the channel meanwhile. */
  readonly attend = (listener: () => void): (() => void) => {
    this.#attending++;
    const leave = this.subscribe(listener);
    this.#settle();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#attending--;
      leave();
      clearTimeout(this.#quieting);
      this.#quieting = setTimeout(() => {
        this.#quieting = undefined;
        this.#settle();
      }, patience);
    };
  };

  protected start(): void {
    const client = this.#client;
    const here = <E extends { channelId: string }>(then: (event: E) => void) => {
      return (event: E) => {
        if (event.channelId === this.channelId) then(event);
      };
    };
    this.#stops = [
      client.on(
        "joined",
        here((joined) => this.#joined(joined)),
      ),
      client.on(
        "dropped",
        here(({ error }) => this.#refused(error)),
      ),
      client.on(
        "level",
        here((level) => this.#level(level)),
      ),
      client.on(
        "typing",
        here((typing) => this.#typing(typing)),
      ),
      client.on(
        "presence",
        here((presence) => this.#presence(presence)),
      ),
      client.on(
        "cursors",
        here(() => this.changed()),
      ),
      client.on(
        "member",
        here((member) => this.#member(member)),
      ),
      client.on("connection", ({ state }) => {
        if (state !== "connected") this.#nobodyTypes();
      }),
    ];
    this.#settle();
  }

  protected stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    clearTimeout(this.#quieting);
    this.#quieting = undefined;
    this.typist.stop();
    this.#round++;
    this.#asked = undefined;
    this.#answered = true;
    this.standing = outside;
    this.roster = nobody;
    this.typists = none;
    this.#client.leaveChannel(this.channelId).catch(() => {});
  }

  /** Joins as those who look want it, once they have all come that come together. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      const presence = this.#attending > 0 || (this.#asked === true && this.#quieting !== undefined);
      if (this.isWatched && this.#answered && this.#asked !== presence) void this.#join(presence);
    });
  }

  async #join(presence: boolean): Promise<void> {
    const round = this.#round;
    this.#asked = presence;
    this.#answered = false;
    try {
      await this.#client.joinChannel(this.channelId, { presence });
    } catch (error) {
      if (round === this.#round) this.#refused(error);
    }
    if (round !== this.#round) return;
    this.#answered = true;
    this.#settle();
  }

  #joined({ role }: Joined): void {
    this.#stand({ joined: true, role });
  }

  #refused(error: unknown): void {
    const why =
      error instanceof ParleyError
        ? error
        : new ParleyError("internal", error instanceof Error ? error.message : String(error));
    this.typists = none;
    this.roster = nobody;
    this.#stand({ joined: false, role: "", error: why });
  }

  #member({ userId, role }: ClientEvents["member"]): void {
    if (userId === this.#client.userId && role !== this.standing.role)
      this.#stand({ ...this.standing, role });
  }

  #nobodyTypes(): void {
    if (this.typists.length === 0) return;
    this.typists = none;
    this.changed();
  }

  #stand(standing: Standing): void {
    this.standing = standing;
    this.changed();
  }

  /** What is said here replaces what was known. */
  #level({ present, typing }: ClientEvents["level"]): void {
    if (present) {
      const gone = this.roster.gone.filter((g) => !present.some((p) => p.userId === g.userId));
      this.roster = { present, gone };
    }
    this.typists = this.#othersOf(typing ?? none);
    this.changed();
  }

  #typing({ userId, userName, typing }: ClientEvents["typing"]): void {
    if (this.typists.some((t) => t.userId === userId) === typing) return;
    const typist = { userId, ...(userName !== undefined && { userName }) };
    const rest = this.typists.filter((t) => t.userId !== userId);
    this.typists = this.#othersOf(typing ? [...rest, typist] : rest);
    this.changed();
  }

  /** Without the user, who may type on another device. */
  #othersOf(typists: readonly Typist[]): readonly Typist[] {
    return typists.filter((t) => t.userId !== this.#client.userId);
  }

  #presence({ joined = [], left = [], changed = [] }: ClientEvents["presence"]): void {
    const present = new Map(this.roster.present.map((p) => [p.userId, p]));
    const gone = new Map(this.roster.gone.map((p) => [p.userId, p]));
    for (const p of left) {
      present.delete(p.userId);
      gone.set(p.userId, p);
    }
    for (const p of [...joined, ...changed]) {
      present.set(p.userId, p);
      gone.delete(p.userId);
    }
    this.roster = { present: [...present.values()], gone: [...gone.values()] };
    this.changed();
  }
}
