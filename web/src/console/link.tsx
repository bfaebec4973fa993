import type { ReactNode } from "react";
import { hashOf, type Place } from "./route";

/** A link to a place of the console. */
export function To({ place, label, children }: { place: Place; label?: string; children: ReactNode }) {
  return (
    <a href={hashOf(place)} aria-label={label}>
      {children}
    </a>
  );
}

/** A link to a user; of nobody, which is the server itself, a dash. */
export function ToUser({ user, otherwise }: { user: string | undefined; otherwise: string }) {
  return user ? <To place={{ page: "user", user }}>{user}</To> : otherwise;
}
