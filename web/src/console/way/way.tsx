import { useState } from "react";
import { useAsked, useDeed } from "../asking";
import { lineOf } from "../channels/event";
import { To, ToUser } from "../link";
import { Moment } from "../moment";
import { Facts, Mark, More, PageHead, Section, Trouble, Waiting } from "../page";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import { Stations } from "./stations";

const words = strings.way;
type MessageWay = Schemas["MessageWay"];
type Reached = Schemas["ReachedBy"];
type Follower = Schemas["FollowedBy"];

/** How one message came, and whom it has reached. */
export function Way({ channel, id }: { channel: string; id: string }) {
  const way = useAsked(`${channel}\n${id}`, (rest, signal) =>
    rest.ask("get", "/v1/channels/{channel}/messages/{id}/way", { path: { channel, id }, signal }),
  );
  const back = (
    <>
      <To place={{ page: "channels" }}>{strings.pages.channels}</To> ›{" "}
      <To place={{ page: "channel", channel, tab: "log" }}>{channel}</To>
    </>
  );
  return (
    <>
      <PageHead title={way.answer ? words.heading(way.answer.message.seq) : words.message} over={back} />
      <Trouble refusal={way.refusal} />
      {way.answer ? <Told way={way.answer} channel={channel} id={id} /> : way.busy && <Waiting />}
    </>
  );
}

function Told({ way, channel, id }: { way: MessageWay; channel: string; id: string }) {
  const line = lineOf({ ...way.message });
  return (
    <>
      <Facts
        facts={{
          [strings.log.who]: <ToUser user={line.who} otherwise={strings.serverItself} />,
          [strings.log.at]: <Moment at={line.at} exact />,
          [strings.log.what]: line.message?.deleted ? words.deleted : line.what,
        }}
      />
      <Section title={words.stations}>
        {way.passage ? <Stations of={way.passage} /> : <p>{words.absent}</p>}
      </Section>
      <People first={way} channel={channel} id={id} />
      <Section title={words.sessions}>
        <p>{words.live(way.live, way.beyond, way.behind)}</p>
        <Table
          caption={words.sessions}
          columns={followers}
          rows={way.followers}
          id={(follower) => follower.session}
          empty={words.noSessions}
        />
      </Section>
    </>
  );
}

/** Whom it has reached; the first page of them came with the way itself. */
function People({ first, channel, id }: { first: MessageWay; channel: string; id: string }) {
  const [tail, setTail] = useState<{ of: MessageWay; pages: readonly MessageWay[] }>({
    of: first,
    pages: [],
  });
  const pages = [first, ...(tail.of === first ? tail.pages : [])];
  const next = pages.at(-1)?.next;
  const more = useDeed(async (rest, after: string) => {
    const path = { channel, id };
    const page = await rest.ask("get", "/v1/channels/{channel}/messages/{id}/way", {
      path,
      query: { after },
    });
    setTail((t) => ({ of: first, pages: t.of === first ? [...t.pages, page] : [page] }));
  });
  return (
    <Section title={words.people}>
      <Trouble refusal={more.refusal} />
      <Table
        caption={words.people}
        columns={people}
        rows={pages.flatMap((page) => page.users)}
        id={(user) => user.userId}
        empty={words.nobody}
      />
      <More more={next === undefined ? undefined : () => void more.run(next)} busy={more.busy} />
    </Section>
  );
}

const people: readonly Column<Reached>[] = [
  { head: words.user, as: "name", cell: (user) => <ToUser user={user.userId} otherwise="" /> },
  { head: words.role, as: "wide", cell: (user) => strings.members.roles[user.role] },
  { head: words.state, as: "number", cell: (user) => <State of={user} /> },
];

function State({ of: user }: { of: Reached }) {
  if (user.read) return <Mark tone="ok">{words.read}</Mark>;
  return user.delivered ? <Mark>{words.has}</Mark> : <Mark tone="warn">{words.not}</Mark>;
}

const followers: readonly Column<Follower>[] = [
  {
    head: words.user,
    as: "name",
    cell: (follower) => <ToUser user={follower.userId} otherwise={strings.sessions.nobody} />,
  },
  { head: words.session, as: "wide", cell: (follower) => <code>{follower.session}</code> },
  {
    head: words.state,
    cell: (follower) =>
      follower.live ? <Mark tone="ok">{words.isLive}</Mark> : <Mark tone="warn">{words.catches}</Mark>,
  },
  { head: words.upTo, as: "number", cell: (follower) => follower.seq },
];
