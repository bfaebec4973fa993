import type { KeyboardEvent, ReactNode } from "react";
import css from "./table.module.css";

/** A column: its head, and what it shows of a row. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => ReactNode;
  /** `name`: what the row is about, its header; `number`: to the right; `acts`: buttons; `wide`: takes what room there is. */
  readonly as?: "name" | "number" | "acts" | "wide";
}

interface Props<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string | number;
  /** What stands there in place of rows. */
  empty: string;
}

/**
 * A dense table, which on a phone becomes a list of its rows. Arrow keys go from row to row within a column of
 * links and buttons.
 */
export function Table<T>({ caption, columns, rows, id, empty }: Props<T>) {
  if (rows.length === 0) return <p className={css.empty}>{empty}</p>;
  return (
    <table className={css.table} onKeyDown={onArrow}>
      <caption className={css.caption}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col" className={classOf(column)}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={id(row)}>
            {columns.map((column) => (
              <Cell key={column.head} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<T>({ column, row }: { column: Column<T>; row: T }) {
  const shown = column.cell(row);
  if (column.as === "name") {
    return (
      <th scope="row" className={css.name}>
        {shown}
      </th>
    );
  }
  if (shown === null || shown === undefined || shown === false || shown === "") return <td />;
  return (
    <td className={classOf(column)} data-head={column.head}>
      <div>{shown}</div>
    </td>
  );
}

function classOf<T>(column: Column<T>): string {
  const classes = { name: css.name, number: css.number, acts: css.acts, wide: css.wide, plain: css.plain };
  return classes[column.as ?? "plain"] ?? "";
}

const operable = "a[href], button:not(:disabled), select:not(:disabled), input:not(:disabled)";

/** Moves the focus to the same place of the row above or below. */
function onArrow(event: KeyboardEvent<HTMLTableElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = event.target;
  if (!step || !(from instanceof HTMLElement) || from instanceof HTMLSelectElement) return;
  const row = from.closest("tr");
  const rows = [...event.currentTarget.tBodies].flatMap((body) => [...body.rows]);
  const place = row ? rows.indexOf(row) : -1;
  if (!row || place < 0) return;
  const at = [...row.querySelectorAll<HTMLElement>(operable)].indexOf(from);
  for (let next = place + step; next >= 0 && next < rows.length; next += step) {
    const others = rows[next]?.querySelectorAll<HTMLElement>(operable);
    const to = others?.[Math.min(at, others.length - 1)];
    if (!to) continue;
    to.focus();
    event.preventDefault();
    return;
  }
}
