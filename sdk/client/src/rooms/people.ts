import type { ClientEvents } from "../events";
import type { Presence } from "../types";
import type { Participant } from "./events";

/** Who is in a room, as far as the client was told. */
export class People {
  readonly #present = new Map<string, Participant>();

  all(): Participant[] {
    return [...this.#present.values()];
  }

  name(userId: string): string {
    return this.#present.get(userId)?.userName ?? userId;
  }

  /** What differs from before. */
  level(now: readonly Presence[]): Participant[] {
    const here = new Set(now.map((p) => p.userId));
    const gone = this.all().filter((p) => !here.has(p.userId));
    return [
      ...gone.map((p) => this.#put({ ...p, status: "offline" })),
      ...now.filter((p) => this.#differs(p)).map((p) => this.#put(participant(p))),
    ];
  }

  changed(event: ClientEvents["presence"]): Participant[] {
    return [...(event.joined ?? []), ...(event.changed ?? []), ...(event.left ?? [])].map((p) =>
      this.#put(participant(p)),
    );
  }

  #put(p: Participant): Participant {
    if (p.status === "offline") this.#present.delete(p.userId);
    else this.#present.set(p.userId, p);
    return p;
  }

  #differs(p: Presence): boolean {
    const before = this.#present.get(p.userId);
    return before?.status !== p.status || before.custom !== p.custom;
  }
}

export function participant(p: Presence): Participant {
  return {
    userId: p.userId,
    userName: p.userName ?? p.userId,
    status: p.status,
    ...(p.custom !== undefined && { custom: p.custom }),
    ...(p.lastSeen !== undefined && { lastSeen: Date.parse(p.lastSeen) }),
  };
}
