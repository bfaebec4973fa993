import { lazy, Suspense, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import css from "./overview.module.css";
import { columnsOf, type Line, type Sample } from "./series";

const Plot = lazy(() => import("./plot"));

interface Props {
  title: string;
  lines: readonly Line[];
  samples: readonly Sample[];
  format: (n: number) => string;
}

/** A live chart. Its legend says in words what the lines' last values are. */
export function Chart({ title, lines, samples, format }: Props) {
  const dark = useDark();
  const data = useMemo(() => columnsOf(samples, lines), [samples, lines]);
  const figure = useRef<HTMLElement>(null);
  const [colours, setColours] = useState<Colours>();
  const names = lines.map((line) => line.name).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the theme, one for each line
  useLayoutEffect(() => setColours(coloursOf(figure.current)), [dark, names]);
  return (
    <figure ref={figure} className={css.chart}>
      <figcaption>{title}</figcaption>
      <ul className={css.legend}>
        {lines.map((line, i) => (
          <li key={line.name}>
            <span className={css.swatch} data-line={i % hues} />
            {line.name} <b>{last(data[i + 1], format)}</b>
          </li>
        ))}
      </ul>
      <div className={css.plot} aria-hidden="true">
        <Suspense>
          {colours?.lines.length === lines.length && (
            <Plot data={data} colours={colours.lines} ink={colours.ink} grid={colours.grid} format={format} />
          )}
        </Suspense>
      </div>
    </figure>
  );
}

/** How many colours there are for lines. */
const hues = 8;

interface Colours {
  lines: string[];
  ink: string;
  grid: string;
}

/** The theme's colours, as a canvas takes them: what the stylesheet made of its properties. */
function coloursOf(figure: HTMLElement | null): Colours | undefined {
  if (!figure) return undefined;
  const swatches = [...figure.querySelectorAll<HTMLElement>("[data-line]")];
  const style = getComputedStyle(figure);
  return {
    lines: swatches.map((swatch) => getComputedStyle(swatch).color),
    ink: style.color,
    grid: style.borderTopColor,
  };
}

function last(
  values: ArrayLike<number | null | undefined> | undefined,
  format: (n: number) => string,
): string {
  const value = values?.[values.length - 1];
  return value === null || value === undefined ? "" : format(value);
}

function useDark(): boolean {
  return useSyncExternalStore(onTheme, () => theme().matches);
}

function theme(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}

function onTheme(changed: () => void): () => void {
  const query = theme();
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
