import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

const height = 150;

export interface PlotProps {
  /** Seconds since the epoch, then of each line a value for each of those. */
  data: uPlot.AlignedData;
  colours: readonly string[];
  /** Of the axes' text, and of the grid. */
  ink: string;
  grid: string;
  format: (n: number) => string;
}

/** Lines over time. It is drawn by uPlot, and comes in a chunk of its own. */
export default function Plot({ data, colours, ink, grid, format }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(data);

  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const size = () => ({ width: Math.max(place.clientWidth, 100), height });
    const made = new uPlot({ ...size(), ...look(colours, ink, grid, format) }, latest.current, place);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(place);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [colours, ink, grid, format]);

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);

  return <div ref={box} />;
}

function look(colours: readonly string[], ink: string, grid: string, format: (n: number) => string) {
  const axis: uPlot.Axis = {
    stroke: ink,
    font: "12px system-ui, sans-serif",
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
  };
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: fromZero } },
    axes: [
      { ...axis, grid: { show: false }, values: clocks, space: 80 },
      { ...axis, size: 64, values: (_: uPlot, numbers: number[]) => numbers.map(format), space: 32 },
    ],
    series: [{}, ...colours.map((stroke) => ({ stroke, width: 1.5, points: { show: false } }))],
  };
}

/** Until there is a stretch of time, the axis has none to name. */
function clocks({ data: [at] }: uPlot, times: number[]): string[] {
  return times.map((time) => (at.length > 1 ? clock(time) : ""));
}

/** From 0 up to a little above the highest value, so that a quiet line lies at the bottom. */
function fromZero(_: uPlot, _least: number, most: number): [number, number] {
  return [0, most > 0 ? most * 1.1 : 1];
}

const clockFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

function clock(seconds: number): string {
  return clockFormat.format(new Date(seconds * 1000));
}
