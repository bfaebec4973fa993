import type { Json, Message } from "@parley/client";

/** The channel of everybody who is in no other yet. */
export const lobby = "general";

/** A channel of the user's, as the sidebar shows it. */
export interface Listed {
  readonly id: string;
  readonly kind: "open" | "private" | "direct";
  readonly title?: string;
  readonly role: string;
  readonly unread: number;
  readonly mentions: number;
  /** How far the user has read: a seq. */
  readonly read: number;
  /** When something was last said in it, or it was made: ISO 8601. */
  readonly activeAt: string;
  readonly last?: Message;
}

/** Reads a page of `GET /v1/users/{user}/channels`. */
export function listedOf(answer: Json): { channels: Listed[]; next: string | undefined } {
  const { channels, next } = answer as unknown as { channels?: Row[]; next?: string };
  return { channels: (channels ?? []).map(fromRow), next };
}

interface Row {
  id: string;
  kind: Listed["kind"];
  title?: string;
  createdAt: string;
  role: string;
  unread: number;
  mentions: number;
  read: number;
  last?: Message;
}

function fromRow({ id, kind, title, createdAt, role, unread, mentions, read, last }: Row): Listed {
  return {
    id,
    kind,
    ...(title && { title }),
    role,
    unread,
    mentions,
    read,
    activeAt: last?.createdAt ?? createdAt,
    ...(last && { last }),
  };
}

/** The other user of a direct channel; undefined: it is none of the user's. */
export function otherOf(channelId: string, me: string | undefined): string | undefined {
  const users = directUsers(channelId);
  if (!users || me === undefined) return undefined;
  if (users[0] === me) return users[1];
  return users[1] === me ? users[0] : undefined;
}

/** The id of the direct channel of two users: both of their ids, escaped, in the order of their bytes. */
export function directId(a: string, b: string): string {
  const [first, second] = inOrder(a, b) ? [a, b] : [b, a];
  return `dm:${escapeUser(first)}:${escapeUser(second)}`;
}

function directUsers(channelId: string): [string, string] | undefined {
  const [prefix, a, b, ...more] = channelId.split(":");
  if (prefix !== "dm" || a === undefined || b === undefined || more.length > 0) return undefined;
  return [unescapeUser(a), unescapeUser(b)];
}

function escapeUser(id: string): string {
  return id.replace(/[~:]/g, (c) => (c === "~" ? "~~" : "~."));
}

function unescapeUser(id: string): string {
  return id.replace(/~[~.]/g, (c) => (c === "~~" ? "~" : ":"));
}

/** Characters beyond the first 65,536 come after all others in UTF-8, and not in JavaScript. */
function inOrder(a: string, b: string): boolean {
  const [x, y] = [new TextEncoder().encode(a), new TextEncoder().encode(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return x.length <= y.length;
}
