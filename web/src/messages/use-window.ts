import type { ListedMessage } from "@parley/client/messages";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Listed } from "./list";
import { atEnd, type End, useEnd } from "./use-end";
import { useVirtual, type Virtual } from "./use-virtual";

/** So many rows before an end of what is held, the next page is asked for. */
const ahead = 20;

/** How long a message that was jumped to stands out, in milliseconds. */
const flashes = 2400;

/** The part of a list that is in the page. */
export interface Window {
  /** By their places in the list, without a gap. */
  readonly rows: readonly number[];
  /** A ref for each of the rows. */
  readonly measure: (row: HTMLElement | null) => void;
  /** The end of the log is not in view. */
  readonly away: boolean;
  /** The key of a message that was jumped to a moment ago. */
  readonly flash: string | undefined;
  /** Called whenever other rows are in view, but for when it renders. */
  readonly moved: RefObject<() => void>;
  /** The rows that can be seen, the first and the last of them at least in half; undefined: none. */
  seen(): { first: number; last: number } | undefined;
  show(index: number): void;
  goTo(messageId: string): void;
  readonly toPresent: () => void;
}

export interface WindowOptions {
  list: Listed;
  scroller: RefObject<HTMLDivElement | null>;
  sizer: RefObject<HTMLDivElement | null>;
  /** The row that is in the page wherever one looks. */
  kept: number | undefined;
  /** The message to go to. */
  at: string | undefined;
  /** Where the first message stands that is new; null: there is none; undefined: that is not known yet. */
  firstNew: number | null | undefined;
  /** The message to go to is not there. */
  onMissing: () => void;
}

/** Goals that are no message's id. */
const beginning = " beginning";
const present = " present";

/** Which rows are in view, kept where the reader is; asks for pages as an end comes near. */
export function useWindow(options: WindowOptions): Window {
  const { list, scroller, sizer, kept } = options;
  const { messages } = list;
  const moved = useRef(() => {});
  const [far, setFar] = useState(false);
  const end = useEnd(scroller, list.hasNewer);
  const keyOf = useKeyOf(messages);
  const { virtual, rows, measure } = useVirtual({
    scroller,
    sizer,
    count: messages.length,
    keyOf,
    kept,
    guess: (i, width) => guess(messages[i - 1], messages[i], width),
    end,
    onMove() {
      look();
      moved.current();
    },
  });
  const look = () => setFar(distanceOf(virtual) > 2 * atEnd);
  useLayoutEffect(look);
  const seen = () => {
    const offset = virtual.scrollOffset ?? 0;
    const below = offset + (virtual.scrollRect?.height ?? 0);
    const inView = virtual.getVirtualItems().filter(({ start, size }) => {
      const half = Math.min(size, below - offset) / 2;
      return start + half <= below && start + size - half >= offset;
    });
    const [first, last] = [inView[0], inView.at(-1)];
    return first && last && { first: first.index, last: last.index };
  };
  usePages(list, rows);
  const { flash, goTo, setGoal } = useGoal({ ...options, virtual, end });
  const { jump } = list;
  const toPresent = useCallback(() => {
    void jump().then(() => setGoal(present));
  }, [jump, setGoal]);
  return {
    rows,
    measure,
    away: list.hasNewer || (far && !end.stays()),
    flash,
    moved,
    seen,
    show: (index) => virtual.scrollToIndex(index, { align: "auto" }),
    goTo,
    toPresent,
  };
}

/** What gives a row's key, which is the same function as long as all keys are. */
function useKeyOf(messages: readonly ListedMessage[]): (index: number) => string | number {
  const last = useRef({ messages, keyOf: keysOf(messages) });
  const before = last.current;
  if (before.messages !== messages) {
    const { length } = messages;
    const same =
      before.messages.length === length && messages.every((m, i) => m.key === before.messages[i]?.key);
    last.current = { messages, keyOf: same ? before.keyOf : keysOf(messages) };
  }
  return last.current.keyOf;
}

function keysOf(messages: readonly ListedMessage[]): (index: number) => string | number {
  return (i) => messages[i]?.key ?? i;
}

/** How far the end is below what is in view, in pixels. */
function distanceOf(virtual: Virtual): number {
  return virtual.getTotalSize() - (virtual.scrollRect?.height ?? 0) - (virtual.scrollOffset ?? 0);
}

/** How wide a letter is, and what stands beside a message, in pixels; see row.module.css. */
const letter = 7.5;
const beside = 108;

/**
 * How high a message may be, until it was seen. Where that is what it turns out to be, nothing has
 * to be moved; it is asked for very often.
 */
function guess(before: ListedMessage | undefined, m: ListedMessage | undefined, width: number): number {
  const { length } = m?.text ?? "";
  const lines = Math.max(1, Math.ceil(length / Math.max(20, (width - beside) / letter)));
  return Math.round((before?.senderId === m?.senderId ? 4 : 29.5) + 22.5 * lines);
}

/**
 * Asks for the page before or after, when the rows in the page come near the end
 * of what is held. One that could not be had is asked for again when the reader
 * moves, or the connection is back.
 */
function usePages(list: Listed, rows: readonly number[]): void {
  const [first, last] = [rows[0], rows.at(-1)];
  const { messages, hasOlder, hasNewer, loading, error, loadOlder, loadNewer } = list;
  const n = messages.length;
  const failed = useRef<string>(undefined); // where the reader was
  useEffect(() => {
    const here = `${first} ${last}`;
    if (!error) failed.current = undefined;
    if (error && !loading) failed.current ??= here;
    if (n === 0 || loading || first === undefined || last === undefined || failed.current === here) return;
    failed.current = undefined;
    if (hasOlder && first < ahead) void loadOlder();
    else if (hasNewer && last >= n - ahead) void loadNewer();
  }, [error, loading, first, last, n, hasOlder, hasNewer, loadOlder, loadNewer]);
}

/** Shows the place where the person begins, or wants to go, as soon as it is held; gives what sets another. */
function useGoal({
  list,
  at,
  firstNew,
  virtual,
  onMissing,
  end,
}: WindowOptions & { virtual: Virtual; end: End }) {
  const { messages, loading, hasNewer, error, jump } = list;
  const { go: toEnd, leave } = end;
  const [goal, setGoal] = useState<string | undefined>(at ?? beginning); // a message's id, or one of the words
  const [flash, setFlash] = useState<string>();
  const begins = useRef(true); // afterwards a goal was found already, and the list is about to be told of it
  const asked = useRef(at); // the last `at` that was gone to
  const goTo = useCallback(
    (messageId: string) => jump(messageId).then(() => setGoal(messageId), onMissing),
    [jump, onMissing],
  );
  useEffect(() => {
    if (at !== undefined && at !== asked.current) void goTo(at);
    asked.current = at;
  }, [at, goTo]);
  useEffect(() => {
    if (flash === undefined) return;
    const timer = setTimeout(() => setFlash(undefined), flashes);
    return () => clearTimeout(timer);
  }, [flash]);
  useLayoutEffect(() => {
    if (goal === undefined || messages.length === 0 || (hasNewer && goal === present)) return;
    if (goal === beginning && firstNew === undefined) return;
    const index = goal === present || goal === beginning ? -1 : messages.findIndex((m) => m.id === goal);
    const target = messages[index];
    if (target || typeof firstNew === "number") leave();
    if (target) {
      virtual.scrollToIndex(index, { align: "center" });
      setFlash(target.key);
    } else if (goal === beginning && typeof firstNew === "number")
      virtual.scrollToIndex(firstNew, { align: "start" });
    else if (goal === beginning || goal === present) toEnd();
    else if (loading || error || !begins.current) return;
    else {
      toEnd();
      onMissing();
    }
    begins.current = false;
    setGoal(undefined);
  }, [goal, messages, loading, hasNewer, error, firstNew, virtual, toEnd, leave, onMissing]);
  useLayoutEffect(() => {
    // Who sees all there is sees its end too, and will when there is more.
    const fits = virtual.getTotalSize() <= (virtual.scrollRect?.height ?? 0);
    if (goal === undefined && !hasNewer && !end.stays() && fits) toEnd();
  });
  return { flash, goTo, setGoal };
}
