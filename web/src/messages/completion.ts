/** What somebody is about to write, that can be completed: a call or an emoji. */
export interface Begun {
  readonly kind: "mention" | "emoji";
  /** Where it begins in the text, with its `@` or `:`. */
  readonly from: number;
  /** What of it is written. */
  readonly query: string;
}

/** What is begun where the caret stands; undefined: nothing. */
export function begunAt(text: string, caret: number): Begun | undefined {
  const line = text.slice(Math.max(0, caret - 80), caret);
  const found = line.match(/(?:^|[\s(])(?:@([^\s@]{0,60})|:([a-z0-9_+-]{2,40}))$/iu);
  if (!found) return undefined;
  const [, name, code] = found;
  if (name !== undefined) return { kind: "mention", from: caret - name.length - 1, query: name };
  if (code !== undefined) return { kind: "emoji", from: caret - code.length - 1, query: code };
  return undefined;
}

/** The code of an emoji that was just closed by its second colon. */
export function closedAt(text: string, caret: number): { from: number; code: string } | undefined {
  const found = text.slice(Math.max(0, caret - 60), caret).match(/(?:^|\s):([a-z0-9_+-]{2,40}):$/iu);
  const code = found?.[1];
  return code === undefined ? undefined : { from: caret - code.length - 2, code: code.toLowerCase() };
}

/** A text in which a part is another, and where the caret stands then. */
export function replaced(
  text: string,
  from: number,
  to: number,
  by: string,
): { text: string; caret: number } {
  return { text: text.slice(0, from) + by + text.slice(to), caret: from + by.length };
}
