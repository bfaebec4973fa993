import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type Range,
  Virtualizer,
} from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useReducer, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { atEnd, type End } from "./use-end";

export type Virtual = Virtualizer<HTMLDivElement, HTMLElement>;

export interface VirtualOptions {
  scroller: RefObject<HTMLDivElement | null>;
  /** Holds the rows, and is as high as all of them would be. */
  sizer: RefObject<HTMLDivElement | null>;
  count: number;
  /** The same function as long as every row has the same key. */
  keyOf: (index: number) => string | number;
  /** How high a row may be, of a list of such a width, until it was seen. */
  guess: (index: number, width: number) => number;
  /** A row that is in the page wherever one looks: something is written in it. */
  kept: number | undefined;
  end: End;
  /** Other rows are in view, or they are elsewhere, though nothing was rendered. */
  onMove: () => void;
}

/** So many rows are in the page before and after those in view, at least; they come and go by so many. */
const step = 8;

/**
 * The rows that are in the page. It is rendered again when other rows come into
 * the page, and for nothing else: where they stand is written to their elements,
 * and how high they are is observed, which takes one layout for all of them.
 */
export function useVirtual(options: VirtualOptions): {
  virtual: Virtual;
  rows: readonly number[];
  measure: (row: HTMLElement | null) => void;
} {
  const { scroller, sizer, count, keyOf, guess, end } = options;
  const [, render] = useReducer((n: number) => n + 1, 0);
  const shown = useRef<readonly number[]>([]);
  const committing = useRef(false); // React is, and cannot be asked to render at once
  const placed = useRef(new WeakMap<HTMLElement, number>());
  const width = useRef(0);
  const latest = useRef(options);
  const changed = (now: Virtual) => {
    if (placeRows(now, latest.current.kept, sizer.current, placed.current)) end.keep();
    const rows = now.getVirtualIndexes();
    const same = rows[0] === shown.current[0] && rows.at(-1) === shown.current.at(-1);
    if (!same && committing.current) render();
    else if (!same) flushSync(render);
    width.current = now.scrollRect?.width ?? 0;
    if (!committing.current) latest.current.onMove();
  };
  const settings = {
    count,
    getScrollElement: () => scroller.current,
    getItemKey: keyOf,
    estimateSize: (i: number) => guess(i, width.current),
    measureElement: heightOf,
    rangeExtractor: rowsIn,
    anchorTo: "end" as const,
    // Else the oldest rows that are forgotten as new ones come take who stays at the end up with them.
    followOnAppend: end.stays(),
    scrollEndThreshold: atEnd,
    paddingStart: 12,
    paddingEnd: 8,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: changed,
  };
  const [virtual] = useState<Virtual>(() => new Virtualizer(settings));
  const [measure] = useState(() => (row: HTMLElement | null) => {
    committing.current = true;
    virtual.measureElement(row);
    committing.current = false;
  });
  virtual.setOptions(settings);
  if (end.stays()) toBottom(virtual);
  const rows = virtual.getVirtualIndexes();
  useLayoutEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => {
    latest.current = options;
    shown.current = rows;
    committing.current = true;
    const grown = placeRows(virtual, options.kept, sizer.current, placed.current); // before it is scrolled into
    virtual._willUpdate();
    if (grown) end.keep();
    committing.current = false;
    forget(virtual);
  });
  return { virtual, rows, measure };
}

/** So many heights are kept of rows that are there no more, before they are forgotten. */
const gone = 5000;

/** Forgets how high rows were that are there no more: on its own it never does. */
function forget({ itemSizeCache, options: { count, getItemKey } }: Virtual): void {
  if (itemSizeCache.size <= count + gone) return;
  const here = new Set(Array.from({ length: count }, (_, i) => getItemKey(i)));
  for (const key of itemSizeCache.keys()) if (!here.has(key)) itemSizeCache.delete(key);
}

/** The rows to have in the page for those in view. */
function rowsIn({ startIndex, endIndex, count }: Range): number[] {
  const first = Math.max(0, Math.floor(startIndex / step - 1) * step);
  const last = Math.min(count, Math.ceil((endIndex + 1) / step + 1) * step);
  return Array.from({ length: last - first }, (_, i) => first + i);
}

/** A row's height as it was observed, and until then as it is believed to be: to ask the element would lay the page out. */
function heightOf(row: HTMLElement, entry: ResizeObserverEntry | undefined, virtual: Virtual): number {
  const box = entry?.borderBoxSize[0];
  if (box) return Math.round(box.blockSize);
  const index = virtual.indexFromElement(row);
  const known = virtual.itemSizeCache.get(virtual.options.getItemKey(index));
  return known ?? virtual.measurementsCache[index]?.size ?? 0;
}

/** Who stays with the end is to see the last rows at once, and not when the page has scrolled to them. */
function toBottom(virtual: Virtual): void {
  const bottom = Math.max(0, virtual.getTotalSize() - (virtual.scrollRect?.height ?? 0));
  if (Math.abs((virtual.scrollOffset ?? 0) - bottom) > atEnd) virtual.scrollOffset = bottom;
}

/** Puts the rows where they belong; true: all of them are higher or lower than before. */
function placeRows(
  virtual: Virtual,
  kept: number | undefined,
  sizer: HTMLElement | null,
  placed: WeakMap<HTMLElement, number>,
): boolean {
  const put = (element: HTMLElement, side: "top" | "height", at: number) => {
    if (placed.get(element) === at) return false;
    placed.set(element, at);
    element.style[side] = `${at}px`;
    return true;
  };
  const elsewhere = kept === undefined ? undefined : virtual.measurementsCache[kept];
  const rows = virtual.getVirtualItems();
  for (const { key, start } of elsewhere ? [...rows, elsewhere] : rows) {
    const row = virtual.elementsCache.get(key);
    if (row) put(row, "top", start);
  }
  return sizer !== null && put(sizer, "height", virtual.getTotalSize());
}
