import { useState } from "react";
import { Find } from "../find";
import { To } from "../link";
import { Moment } from "../moment";
import { Mark, More, PageHead, Trouble, Waiting } from "../page";
import { usePages } from "../pages";
import { beginning } from "../prefix";
import type { Rest, Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";

const words = strings.channels;
type Row = Schemas["Channel"];

/** The project's channels: the last active first, or those whose names begin so. */
export function Channels() {
  const [prefix, setPrefix] = useState("");
  const list = usePages(prefix, (rest, after, signal) =>
    prefix ? named(rest, prefix, after, signal) : active(rest, after, signal),
  );
  return (
    <>
      <PageHead title={strings.pages.channels} />
      <Find label={words.find} hint={words.findHint} onFind={setPrefix} />
      <Trouble refusal={list.refusal} />
      {list.items ? (
        <Table
          caption={strings.pages.channels}
          columns={columns}
          rows={list.items}
          id={(channel) => channel.id}
          empty={prefix ? words.notFound(prefix) : words.empty}
        />
      ) : (
        list.busy && <Waiting />
      )}
      <More more={list.more} busy={list.busy} />
    </>
  );
}

async function active(rest: Rest, after: string | undefined, signal?: AbortSignal) {
  const page = await rest.ask("get", "/v1/channels", { query: { order: "activity", after }, signal });
  return { items: page.channels, next: page.next };
}

async function named(rest: Rest, prefix: string, from: string | undefined, signal?: AbortSignal) {
  const page = async (after: string) => {
    const found = await rest.ask("get", "/v1/channels", { query: { after }, signal });
    return { items: found.channels, next: found.next };
  };
  return beginning<Row>(prefix, from, page, (channel) => channel.id);
}

const columns: readonly Column<Row>[] = [
  {
    head: words.name,
    as: "name",
    cell: (channel) => (
      <>
        <To place={{ page: "channel", channel: channel.id, tab: "log" }}>{channel.id}</To> {channel.title}
      </>
    ),
  },
  {
    head: words.kind,
    cell: (channel) => (
      <>
        {words.kinds[channel.kind]} {channel.public && <Mark tone="warn">{words.public}</Mark>}
      </>
    ),
  },
  { head: words.messages, as: "number", cell: (channel) => channel.messages ?? strings.none },
  { head: words.followers, as: "number", cell: (channel) => channel.followers ?? strings.none },
  { head: words.last, as: "number", cell: (channel) => <Moment at={channel.lastAt} /> },
  { head: words.created, as: "number", cell: (channel) => <Moment at={channel.createdAt} /> },
];
