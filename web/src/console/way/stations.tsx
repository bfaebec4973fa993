import { Moment, span } from "../moment";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import { instant } from "./instant";

const words = strings.way;

interface Station {
  readonly name: string;
  readonly at: string;
  /** Milliseconds since the one before. */
  readonly after: number | undefined;
}

/** When a message was where on its way through a node. */
export function Stations({ of: passage }: { of: Schemas["PassageInfo"] }) {
  return (
    <Table
      caption={words.stations}
      columns={columns}
      rows={stationsOf(passage)}
      id={(station) => station.name}
      empty={words.absent}
    />
  );
}

const columns: readonly Column<Station>[] = [
  { head: words.station, as: "name", cell: (station) => station.name },
  { head: words.at, as: "number", cell: (station) => <Moment at={station.at} exact /> },
  {
    head: words.after,
    as: "number",
    cell: (station) => (station.after === undefined ? null : `+${span(station.after)}`),
  },
];

function stationsOf(passage: Schemas["PassageInfo"]): Station[] {
  const at: [string, string | undefined][] = [
    [words.received, passage.receivedAt],
    [words.queued, passage.queuedAt],
    [words.synced, passage.syncedAt],
    [words.offered(passage.recipients), passage.offeredAt],
    [words.delivered, passage.firstDeliveredAt],
  ];
  // In the order of their times: a socket may be written to before everybody was offered the message.
  return at
    .flatMap(([name, time]) => (time ? [{ name, time }] : []))
    .sort((a, b) => instant(a.time) - instant(b.time))
    .map(({ name, time }, i, all) => {
      const before = all[i - 1];
      return { name, at: time, after: before && instant(time) - instant(before.time) };
    });
}
