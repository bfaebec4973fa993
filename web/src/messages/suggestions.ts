import { useEffect, useState } from "react";
import type { Begun } from "./completion";
import type { People } from "./people";

/** One way to complete what was begun. */
export interface Suggestion {
  /** What is put in its place. */
  readonly text: string;
  readonly label: string;
  readonly hint: string;
}

/** The emoji by their names. */
export type EmojiLibrary = typeof import("./emoji");

/** The emoji, which are loaded when they are first wanted; undefined: they are not here yet. */
export function useEmojiLibrary(wanted: boolean): EmojiLibrary | undefined {
  const [library, setLibrary] = useState<EmojiLibrary>();
  const load = wanted && !library;
  useEffect(() => {
    if (!load) return;
    let here = true;
    import("./emoji").then(
      (loaded) => here && setLibrary(loaded),
      () => {}, // offline: what is written stays as it is
    );
    return () => {
      here = false;
    };
  }, [load]);
  return library;
}

/** So many are offered. */
const most = 8;

/** How what was begun may be meant to end. */
export function suggestionsFor(
  begun: Begun | undefined,
  people: People,
  me: string,
  library: EmojiLibrary | undefined,
): Suggestion[] {
  if (!begun) return [];
  if (begun.kind === "emoji") {
    const found = library?.findEmoji(begun.query, most) ?? [];
    return found.map((e) => ({ text: `${e.emoji} `, label: e.emoji, hint: `:${e.codes[0]}:` }));
  }
  const query = begun.query.toLowerCase();
  const starts = (word: string) => word.toLowerCase().startsWith(query);
  return people.all
    .filter(({ userId, name }) => userId !== me && [userId, name, ...name.split(/\s+/)].some(starts))
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, most)
    .map(({ userId, name }) => ({ text: `@${name} `, label: name, hint: name === userId ? "" : userId }));
}
