import { To } from "../link";
import { Moment } from "../moment";
import { More, Section, Trouble, Waiting } from "../page";
import { usePages } from "../pages";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";

const words = strings.users;
type Row = Schemas["ListedChannel"];

/** A user's channels, the last active first, and how far they have come in each. */
export function Inbox({ user }: { user: string }) {
  const list = usePages(user, async (rest, after, signal) => {
    const page = await rest.ask("get", "/v1/users/{user}/channels", {
      path: { user },
      query: { after },
      signal,
    });
    return { items: page.channels, next: page.next };
  });
  return (
    <Section title={words.channels}>
      <Trouble refusal={list.refusal} />
      {list.items ? (
        <Table
          caption={words.channels}
          columns={columns}
          rows={list.items}
          id={(channel) => channel.id}
          empty={words.noChannels}
        />
      ) : (
        list.busy && <Waiting />
      )}
      <More more={list.more} busy={list.busy} />
    </Section>
  );
}

const columns: readonly Column<Row>[] = [
  {
    head: strings.channels.name,
    as: "name",
    cell: ({ id }) => <To place={{ page: "channel", channel: id, tab: "log" }}>{id}</To>,
  },
  { head: strings.members.role, cell: ({ role }) => strings.members.roles[role] },
  { head: strings.members.delivered, as: "number", cell: ({ delivered }) => delivered },
  { head: strings.members.read, as: "number", cell: ({ read }) => read },
  { head: strings.members.unread, as: "number", cell: ({ unread }) => unread },
  { head: words.mentions, as: "number", cell: ({ mentions }) => mentions },
  { head: strings.channels.lastMessage, as: "number", cell: ({ last }) => <Moment at={last?.createdAt} /> },
];
