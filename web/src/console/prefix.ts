import type { Page } from "./pages";

/**
 * What there is whose name begins so, in name order: a list in that order has it in one run. `after` gives a page
 * of the list.
 */
export async function beginning<T>(
  prefix: string,
  from: string | undefined,
  after: (name: string) => Promise<Page<T>>,
  nameOf: (one: T) => string,
): Promise<Page<T>> {
  const page = await after(from ?? justBefore(prefix));
  const last = page.items.at(-1);
  const ends = last === undefined || !nameOf(last).startsWith(prefix);
  return {
    items: page.items.filter((one) => nameOf(one).startsWith(prefix)),
    next: ends ? undefined : page.next,
  };
}

/** A name that comes before all that begin so, and after all others that do; nobody is called like that. */
export function justBefore(prefix: string): string {
  const points = [...prefix];
  const last = points.pop()?.codePointAt(0) ?? 0;
  if (last === 0) return "";
  const below = last === 0xe000 ? 0xd7ff : last - 1; // what lies between them is no character
  return points.join("") + String.fromCodePoint(below, 0x10ffff);
}
