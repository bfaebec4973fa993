import { bytes, figure, span } from "../moment";
import { Section } from "../page";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import { doorOf } from "./charts";
import css from "./overview.module.css";
import type { Figures } from "./series";

const words = strings.overview;
type Door = Figures["connections"][number];

/** The newest figures: how much there is, and the connections by door. */
export function Now({ figures }: { figures: Figures }) {
  return (
    <>
      <Section title={words.figures}>
        <dl className={css.figures}>
          {Object.entries(tilesOf(figures)).map(([name, value]) => (
            <div key={name} className={css.figure}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section title={words.connections}>
        <Table
          caption={words.connections}
          columns={doors}
          rows={figures.connections}
          id={doorOf}
          empty={words.nobody}
        />
      </Section>
      <Codes figures={figures} />
    </>
  );
}

function tilesOf(f: Figures): Record<string, string> {
  return {
    [words.sessions]: figure(f.sessions),
    [words.users]: figure(f.usersOnline),
    [words.channels]: figure(f.channelsLoaded),
    [words.events]: figure(f.committed),
    [words.ackAll]: span(f.acknowledgement.p99 * 1000),
    [words.deliveryAll]: span(f.delivery.p99 * 1000),
    [words.catchingUp]: figure(f.catchingUp),
    [words.writes]: figure(f.store.queue),
    [words.storeBytes]: bytes(f.store.bytes),
    [words.diskFree]: f.store.diskTotal ? bytes(f.store.diskFree) : strings.none,
    [words.memory]: bytes(f.process.memoryBytes),
    [words.uploads]: figure(f.files.underWay),
  };
}

const doors: readonly Column<Door>[] = [
  { head: words.door, as: "name", cell: doorOf },
  { head: words.open, as: "number", cell: (door) => figure(door.open) },
  { head: words.opened, as: "number", cell: (door) => some(door.opened, figure) },
  { head: words.framesIn, as: "number", cell: (door) => some(door.framesIn, figure) },
  { head: words.framesOut, as: "number", cell: (door) => some(door.framesOut, figure) },
  { head: words.bytesIn, as: "number", cell: (door) => some(door.bytesIn, bytes) },
  { head: words.bytesOut, as: "number", cell: (door) => some(door.bytesOut, bytes) },
];

/** What is counted with another door has no number of its own. */
function some(n: number | undefined, format: (n: number) => string): string {
  return n === undefined ? strings.none : format(n);
}

interface Counted {
  code: string;
  where: string;
  count: number;
}

function Codes({ figures }: { figures: Figures }) {
  const rows = [
    ...figures.errors.map((error): Counted => ({ ...error, where: words.overSockets })),
    ...figures.refusals.map((refusal): Counted => ({ ...refusal, where: words.overRest })),
  ];
  if (rows.length === 0) return null;
  return (
    <Section title={words.refused}>
      <Table
        caption={words.refused}
        columns={codes}
        rows={rows}
        id={(row) => row.where + row.code}
        empty=""
      />
    </Section>
  );
}

const codes: readonly Column<Counted>[] = [
  { head: words.code, as: "name", cell: (row) => row.code },
  { head: words.where, as: "wide", cell: (row) => row.where },
  { head: words.count, as: "number", cell: (row) => figure(row.count) },
];
