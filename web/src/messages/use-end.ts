import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef } from "react";

/** So far from the end one is not at it any more, in pixels. */
export const atEnd = 60;

/** The end of the log, and whether the reader stays with it. */
export interface End {
  /** The reader is at the end, and has not gone up since. */
  stays(): boolean;
  /** Goes to the end, and stays there. */
  go(): void;
  /** Lets go of the end: something else is to be shown. */
  leave(): void;
  /** Shows the end to who stays there: it is elsewhere now. */
  keep(): void;
}

/**
 * Keeps the end in view for who is at it, until they go up: that rows are
 * higher than was thought, that many come at once, or that the composer grows,
 * is no reason to leave it. `open`: what is held does not end with the log, so
 * that its end is none to stay at.
 */
export function useEnd(scroller: RefObject<HTMLDivElement | null>, open: boolean): End {
  const staying = useRef(false);
  const last = useRef({ top: 0, most: 0 }); // where it stood, and could have at most
  const keep = useCallback(() => {
    const element = scroller.current;
    if (!staying.current || !element) return;
    if (distanceOf(element) > 0) element.scrollTop = element.scrollHeight;
    last.current = placeOf(element);
  }, [scroller]);
  useLayoutEffect(() => {
    if (open) staying.current = false;
  }, [open]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const scrolled = () => {
      const before = last.current;
      const now = placeOf(element);
      last.current = now;
      const near = now.most - now.top <= atEnd;
      // A list that became lower takes the reader up too, who has not gone anywhere.
      const up = now.top < before.top - 1 && (now.most >= before.most || !near);
      if (up) staying.current = false;
      else if (near) staying.current = !open;
    };
    const resized = new ResizeObserver(keep);
    element.addEventListener("scroll", scrolled, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", scrolled);
      resized.disconnect();
    };
  }, [scroller, open, keep]);
  return useMemo(
    () => ({
      stays: () => !open && staying.current,
      go() {
        staying.current = !open;
        keep();
      },
      leave() {
        staying.current = false;
      },
      keep,
    }),
    [open, keep],
  );
}

function placeOf({ scrollTop, scrollHeight, clientHeight }: HTMLElement) {
  return { top: scrollTop, most: scrollHeight - clientHeight };
}

function distanceOf(element: HTMLElement): number {
  return element.scrollHeight - element.clientHeight - element.scrollTop;
}
