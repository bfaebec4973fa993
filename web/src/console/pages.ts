import { useState } from "react";
import { type Asked, useAsked, useDeed } from "./asking";
import type { Refusal, Rest } from "./rest";

/** A page of a list, and the place after which the next one begins; without it this is the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | undefined;
}

/** A list as far as it was asked for. */
export interface Listed<T> {
  /** The first page; another one means that the list was asked for anew. */
  readonly first: Page<T> | undefined;
  /** Undefined before the first page came. */
  readonly items: readonly T[] | undefined;
  /** Asks for the next page; undefined if there is none. */
  readonly more: (() => void) | undefined;
  readonly refusal: Refusal | undefined;
  readonly busy: boolean;
  /** Begins again at the first page. */
  readonly again: Asked<T>["again"];
}

/** A list, page after page: the first at once, the others by `more`. `subject` names what is listed. */
export function usePages<T>(
  subject: string,
  turn: (rest: Rest, after: string | undefined, signal?: AbortSignal) => Promise<Page<T>>,
): Listed<T> {
  const first = useAsked(subject, (rest, signal) => turn(rest, undefined, signal));
  const [tail, setTail] = useState<{ of?: Page<T>; pages: readonly Page<T>[] }>({ pages: [] });
  const going = useDeed(async (rest, of: Page<T>, after: string) => {
    const page = await turn(rest, after);
    setTail((t) => ({ of, pages: t.of === of ? [...t.pages, page] : [page] }));
  });

  const head = first.answer;
  const pages = head ? [head, ...(tail.of === head ? tail.pages : [])] : [];
  const next = pages.at(-1)?.next;
  return {
    first: head,
    items: head && pages.flatMap((page) => page.items),
    more: head && next !== undefined ? () => void going.run(head, next) : undefined,
    refusal: first.refusal ?? going.refusal,
    busy: first.busy || going.busy,
    again: first.again,
  };
}
