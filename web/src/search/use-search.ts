import { useParley } from "@parley/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { find, type Hit } from "./found";

/** How long nobody may type before it is asked, in milliseconds. */
const settled = 200;

/** What is known of a search. */
export interface Search {
  readonly hits: readonly Hit[];
  /** Something is being asked; `more`: the next page. */
  readonly busy: false | "first" | "more";
  readonly error: unknown;
  readonly indexing: boolean;
  /** What was asked for; undefined: nothing yet. */
  readonly answered: string | undefined;
  readonly hasMore: boolean;
  /** Asks for the next page. */
  more: () => void;
  /** Asks again. */
  again: () => void;
}

interface State {
  hits: readonly Hit[];
  next: string | undefined;
  busy: Search["busy"];
  error: unknown;
  indexing: boolean;
  answered: string | undefined;
}

const nothing: State = {
  hits: [],
  next: undefined,
  busy: false,
  error: undefined,
  indexing: false,
  answered: undefined,
};

/** Finds messages while somebody types: the last that was typed is asked for, once it stays. */
export function useSearch(query: string): Search {
  const client = useParley();
  const [state, setState] = useState<State>(nothing);
  const [turn, setTurn] = useState(0);
  const asking = useRef<AbortController>(undefined);

  const ask = useCallback(
    async (asked: string, before?: string) => {
      asking.current?.abort();
      const controller = new AbortController();
      asking.current = controller;
      setState((last) => ({ ...last, busy: before === undefined ? "first" : "more", error: undefined }));
      try {
        const found = await find(client, asked, { before, signal: controller.signal });
        if (controller.signal.aborted) return;
        setState((last) => ({
          hits: before === undefined ? found.hits : [...last.hits, ...found.hits],
          next: found.next,
          busy: false,
          error: undefined,
          indexing: found.indexing,
          answered: asked,
        }));
      } catch (error) {
        if (controller.signal.aborted) return;
        setState((last) =>
          before === undefined ? { ...nothing, error, answered: asked } : { ...last, busy: false, error },
        );
      }
    },
    [client],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn asks the same again
  useEffect(() => {
    if (query.trim() === "") {
      setState(nothing);
      return;
    }
    const timer = setTimeout(() => void ask(query), settled);
    return () => {
      clearTimeout(timer);
      asking.current?.abort();
    };
  }, [ask, query, turn]);

  const { hits, next, busy, error, indexing, answered } = state;
  return {
    hits,
    busy,
    error,
    indexing,
    answered,
    hasMore: next !== undefined,
    more: () => {
      if (next !== undefined && answered !== undefined && busy === false) void ask(answered, next);
    },
    again: () => setTurn((n) => n + 1),
  };
}
