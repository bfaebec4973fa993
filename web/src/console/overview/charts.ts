import { bytes, figure, span } from "../moment";
import { strings } from "../strings";
import { type Figures, type Line, level, mean, quantile, rate } from "./series";

const words = strings.overview.chart;

/** A chart of the overview. */
export interface Drawn {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: (n: number) => string;
}

const seconds = (n: number) => span(n * 1000);

/** The charts whose lines are always the same. */
export const charts: readonly Drawn[] = [
  {
    title: words.rates,
    format: figure,
    lines: [
      { name: words.committed, value: rate((f) => f.committed) },
      { name: words.delivered, value: rate((f) => f.delivered) },
      { name: words.dropped, value: rate((f) => f.signalsDropped) },
    ],
  },
  {
    title: words.acknowledgement,
    format: seconds,
    lines: [
      { name: words.half, value: quantile(0.5, (f) => f.acknowledgement) },
      { name: words.most, value: quantile(0.99, (f) => f.acknowledgement) },
    ],
  },
  {
    title: words.delivery,
    format: seconds,
    lines: [
      { name: words.half, value: quantile(0.5, (f) => f.delivery) },
      { name: words.most, value: quantile(0.99, (f) => f.delivery) },
    ],
  },
  {
    title: words.sync,
    format: seconds,
    lines: [
      {
        name: words.mean,
        value: mean(
          (f) => f.store.syncSeconds,
          (f) => f.store.syncs,
        ),
      },
    ],
  },
  {
    title: words.refused,
    format: figure,
    lines: [
      { name: words.errors, value: rate((f) => sum(f.errors)) },
      { name: words.refusals, value: rate((f) => sum(f.refusals)) },
    ],
  },
  {
    title: words.queues,
    format: bytes,
    lines: [
      { name: words.queueAll, value: level((f) => f.queueBytes) },
      { name: words.queueMost, value: level((f) => f.queueBytesMost) },
    ],
  },
  {
    title: words.process,
    format: figure,
    lines: [{ name: words.cpu, value: rate((f) => f.process.cpuSeconds) }],
  },
];

/** The chart of connections, with a line for each of the doors, which are named `transport door`. */
export function connectionsChart(doors: readonly string[]): Drawn {
  const lines = doors.map((door) => ({
    name: door,
    value: level((f) => f.connections.find((connections) => doorOf(connections) === door)?.open ?? 0),
  }));
  return { title: words.connections, format: figure, lines };
}

/** How a door of a transport is called. */
export function doorOf({ transport, door }: Figures["connections"][number]): string {
  return door ? `${transport} ${door}` : transport;
}

function sum(counts: Figures["errors"]): number {
  return counts.reduce((all, { count }) => all + count, 0);
}
