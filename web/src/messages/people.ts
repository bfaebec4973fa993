import type { Json } from "@parley/client";
import type { ListedMessage } from "@parley/client/messages";
import { useParley, usePresence } from "@parley/react";
import { useEffect, useMemo, useState } from "react";
import { callAt } from "./links";

/** Somebody who may be called in a conversation. */
export interface Person {
  readonly userId: string;
  readonly name: string;
}

/** Those of a conversation, as far as they are known: its members, who is here, and who wrote. */
export class People {
  readonly #names: ReadonlyMap<string, string>;

  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  /** What somebody is called: by the name they go by, or by their id. */
  nameOf(userId: string): string {
    return this.#names.get(userId) || userId;
  }

  /** These and others, or by other names; the same object where that is nothing new. "" is no name. */
  with(names: ReadonlyMap<string, string>): People {
    const news = [...names].filter(([userId, name]) =>
      name ? this.#names.get(userId) !== name : !this.#names.has(userId),
    );
    return news.length > 0 ? new People(new Map([...this.#names, ...news])) : this;
  }

  get all(): Person[] {
    return [...this.#names].map(([userId, name]) => ({ userId, name: name || userId }));
  }

  /** Whom a text calls, by `@` and their name or id. */
  calledIn(text: string): string[] {
    if (!text.includes("@")) return [];
    const byCall = new Map<string, string>();
    for (const { userId, name } of this.all) {
      byCall.set(`@${userId}`.toLowerCase(), userId);
      byCall.set(`@${name}`.toLowerCase(), userId);
    }
    const calls = [...byCall.keys()];
    const called = new Set<string>();
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const userId = byCall.get((callAt(text, at, calls) ?? "").toLowerCase());
      if (userId !== undefined) called.add(userId);
    }
    return [...called].slice(0, 50);
  }

  /** How a message's text may call those whom it mentions. */
  callsOf(mentions: readonly string[]): string[] {
    return mentions.flatMap((userId) => [`@${userId}`, `@${this.nameOf(userId)}`]);
  }
}

/** So many of the last messages are looked at for who wrote them. */
const looked = 200;

/** The conversation's people, who are the same object until somebody is new or goes by another name. */
export function usePeople(channelId: string, messages: readonly ListedMessage[]): People {
  const { present } = usePresence(channelId);
  const members = useMembers(channelId);
  const [known] = useState<{ people: People; here?: ReadonlyMap<string, string> }>(() => ({
    people: new People(new Map()),
  }));
  const here = useMemo(() => {
    const names = new Map(members.map((userId) => [userId, ""]));
    for (const { userId, userName = "" } of present) names.set(userId, userName);
    return names;
  }, [members, present]);
  if (known.here !== here) known.people = known.people.with(here);
  known.here = here;
  const wrote = new Map<string, string>();
  for (const m of messages.slice(-looked)) {
    const name = m.seq === undefined ? "" : (m.senderName ?? "");
    if (name || !wrote.has(m.senderId)) wrote.set(m.senderId, name);
  }
  known.people = known.people.with(wrote);
  return known.people;
}

const nobody: readonly string[] = [];

/** Those who are or were members while one looked; more of them are told of one by one. */
function useMembers(channelId: string): readonly string[] {
  const client = useParley();
  const [members, setMembers] = useState(nobody);
  useEffect(() => {
    const over = new AbortController();
    const add = (more: readonly string[]) =>
      setMembers((known) => {
        const all = new Set([...known, ...more]);
        return all.size > known.length ? [...all] : known;
      });
    const path = `/v1/channels/${encodeURIComponent(channelId)}/members`;
    client.request("GET", path, { query: { limit: 1000 }, signal: over.signal }).then(
      (answer) => over.signal.aborted || add(idsOf(answer)),
      () => {}, // who may not see them calls those who are here
    );
    const stop = client.on("member", (event) => {
      if (event.channelId === channelId && event.role !== "") add([event.userId]);
    });
    return () => {
      over.abort();
      stop();
    };
  }, [client, channelId]);
  return members;
}

function idsOf(answer: Json): string[] {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return [];
  const { members } = answer;
  if (!Array.isArray(members)) return [];
  return members.flatMap((m) =>
    typeof m === "object" && m !== null && !Array.isArray(m) && typeof m.userId === "string" ? m.userId : [],
  );
}
