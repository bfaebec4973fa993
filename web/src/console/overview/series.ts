import type { Schemas } from "../rest";

/** What the server counts, at a moment. */
export type Figures = Schemas["Figures"];

/** Figures, and when the page got them, in seconds since the epoch. */
export interface Sample {
  readonly at: number;
  readonly figures: Figures;
}

/** A line of a chart. */
export interface Line {
  readonly name: string;
  /** Its value at the last of these samples, between which there is no gap; null where there is none. */
  readonly value: (samples: readonly Sample[]) => number | null;
}

/** How many samples are kept. */
export const most = 300;
/** Between two samples that are further apart, in seconds, nobody asked: nothing is drawn there. */
const gap = 15;
/** Over how many samples a quantile is taken: few things happen between two. */
const window = 5;

/** The samples with one more, without those that are too old to be kept. */
export function extended(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples.slice(-(most - 1)), sample];
}

/** Something that goes up and down. */
export function level(value: (figures: Figures) => number): Line["value"] {
  return (samples) => {
    const now = samples.at(-1);
    return now ? value(now.figures) : null;
  };
}

/** How often something happened in a second, from a count that only grows. */
export function rate(count: (figures: Figures) => number): Line["value"] {
  return (samples) => {
    const [before, now] = samples.slice(-2);
    if (!before || !now || begunAnew(before, now)) return null;
    return (count(now.figures) - count(before.figures)) / (now.at - before.at);
  };
}

/** How much of one count fell to one of another lately, such as seconds to syncs. */
export function mean(sum: (figures: Figures) => number, count: (figures: Figures) => number): Line["value"] {
  return (samples) => {
    const [before, now] = [samples.at(-1 - window) ?? samples[0], samples.at(-1)];
    if (!before || !now || begunAnew(before, now)) return null;
    const n = count(now.figures) - count(before.figures);
    return n > 0 ? (sum(now.figures) - sum(before.figures)) / n : null;
  };
}

/** What a share of all that was measured lately did not exceed. */
export function quantile(share: number, spread: (figures: Figures) => Schemas["Spread"]): Line["value"] {
  return (samples) => {
    const [before, now] = [samples.at(-1 - window) ?? samples[0], samples.at(-1)];
    if (!before || !now || begunAnew(before, now)) return null;
    return quantileOf(share, difference(spread(before.figures), spread(now.figures)));
  };
}

/** A server that was started since counts from 0 again. */
function begunAnew(before: Sample, now: Sample): boolean {
  return before.figures.since !== now.figures.since || now.at <= before.at;
}

function difference(
  before: Schemas["Spread"],
  now: Schemas["Spread"],
): Pick<Schemas["Spread"], "count" | "buckets"> {
  return {
    count: now.count - before.count,
    buckets: now.buckets.map(({ upTo, count }, i) => ({
      upTo,
      count: count - (before.buckets[i]?.count ?? 0),
    })),
  };
}

/**
 * The value that this share did not exceed, where each bucket counts all up to its bound, and what is in one is
 * taken to lie evenly in it. Above the last bound it is that bound; of nothing it is null.
 */
export function quantileOf(
  share: number,
  { count, buckets }: Pick<Schemas["Spread"], "count" | "buckets">,
): number | null {
  if (count <= 0) return null;
  const rank = share * count;
  let [below, before] = [0, 0];
  for (const { upTo, count: within } of buckets) {
    if (within >= rank) return below + ((upTo - below) * (rank - before)) / (within - before || 1);
    [below, before] = [upTo, within];
  }
  return below;
}

/** The samples as a chart takes them: the times, then each line's values. In a gap is a time with none. */
export function columnsOf(
  samples: readonly Sample[],
  lines: readonly Line[],
): [number[], ...(number | null)[][]] {
  const times: number[] = [];
  const values: (number | null)[][] = lines.map(() => []);
  let start = 0;
  samples.forEach((now, i) => {
    const before = samples[i - 1];
    if (before && now.at - before.at > gap) {
      start = i;
      times.push((before.at + now.at) / 2);
      for (const column of values) column.push(null);
    }
    times.push(now.at);
    const run = samples.slice(Math.max(start, i - window), i + 1);
    lines.forEach((line, n) => {
      values[n]?.push(line.value(run));
    });
  });
  return [times, ...values];
}
