import all from "emojibase-data/en/compact.json";
import names from "emojibase-data/en/shortcodes/github.json";

/** One emoji, and what it is called. */
export interface Emoji {
  readonly emoji: string;
  readonly label: string;
  /** By what it is written between colons; the first is the usual one. */
  readonly codes: readonly string[];
  readonly group: number;
  readonly words: string;
}

const codesOf = names as Readonly<Record<string, string | readonly string[]>>;

/** Every emoji that stands for itself, in the order of Unicode's lists. */
export const emoji: readonly Emoji[] = all
  .filter(({ group, order }) => group !== undefined && group !== 2 && order !== undefined)
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  .map(({ unicode, label, hexcode, tags, group }) => {
    const codes = [codesOf[hexcode] ?? label.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_")].flat();
    const words = [label, ...codes, ...(tags ?? [])].join(" ").toLowerCase();
    return { emoji: unicode, label, codes, group: group ?? 0, words };
  });

/** Those that are called so, the closest first. */
export function findEmoji(query: string, most: number): Emoji[] {
  const wanted = query.trim().toLowerCase().replaceAll(" ", "_");
  if (wanted === "") return emoji.slice(0, most);
  const loose = wanted.replaceAll("_", " ");
  const ranked = emoji.flatMap((e) => {
    const rank = e.codes.includes(wanted)
      ? 0
      : e.codes.some((code) => code.startsWith(wanted))
        ? 1
        : ` ${e.words}`.includes(` ${loose}`)
          ? 2
          : e.words.includes(wanted)
            ? 3
            : undefined;
    return rank === undefined ? [] : { e, rank };
  });
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ e }) => e);
}

/** The emoji of a code without its colons. */
export function emojiOf(code: string): string | undefined {
  return emoji.find((e) => e.codes.includes(code))?.emoji;
}
