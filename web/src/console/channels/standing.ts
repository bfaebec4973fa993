import type { Schemas } from "../rest";

/** What somebody is in a channel. */
export type Standing = Required<Schemas["Standing"]>;

/** The roles, the highest first; the empty one is none. */
export const roles = ["owner", "moderator", "member", "reader", ""] as const;

/** The role of that name; a name that is none's is no role. */
export function roleOf(name: string): Standing["role"] {
  return roles.find((role) => role === name) ?? "";
}

/** A member's standing alone, to be changed in part: the server takes it as a whole. */
export function standingOf({
  role,
  muted,
  banned,
}: Pick<Schemas["Member"], "role" | "muted" | "banned">): Standing {
  return { role: roleOf(role), muted, banned };
}
