import type { Highlight } from "./found";

/** A piece of an excerpt. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** How long an excerpt is, and how much of it stands before its first highlight, in code units. */
const length = 280;
const before = 60;

/** The part of a text around its first highlight, in pieces. What was cut off shows as an ellipsis. */
export function excerpt(text: string, highlights: readonly Highlight[]): Piece[] {
  const from = text.length <= length ? 0 : wordBefore(text, Math.max(0, (highlights[0]?.from ?? 0) - before));
  const to = whole(text, Math.min(text.length, from + length));
  const pieces: Piece[] = [];
  const add = (piece: string, marked: boolean) => {
    if (piece !== "") pieces.push({ text: piece, marked });
  };
  if (from > 0) add("… ", false);
  let at = from;
  for (const highlight of highlights) {
    const end = Math.min(highlight.to, to);
    if (highlight.from < at || end <= highlight.from) continue; // cut off, or no part of this text
    add(text.slice(at, highlight.from), false);
    add(text.slice(highlight.from, end), true);
    at = end;
  }
  add(text.slice(at, to), false);
  if (to < text.length) add(" …", false);
  return pieces;
}

/** Where the word begins that `at` is in, or near it. */
function wordBefore(text: string, at: number): number {
  const space = text.lastIndexOf(" ", at);
  return whole(text, space >= 0 && at - space < before ? space + 1 : at);
}

/** A place that is not within a character of two units. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
