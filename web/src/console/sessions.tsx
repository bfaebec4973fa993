import { useState } from "react";
import { Button } from "../ui/button";
import { useDeed } from "./asking";
import small from "./channels/channel.module.css";
import { Confirm } from "./confirm";
import { Find } from "./find";
import { To, ToUser } from "./link";
import { bytes, Moment } from "./moment";
import { Mark, More, PageHead, Trouble, Waiting } from "./page";
import { usePages } from "./pages";
import type { Schemas } from "./rest";
import { strings } from "./strings";
import { type Column, Table } from "./table";

const words = strings.sessions;

/** A connection, as it is told. */
export type Session = Schemas["Session"];

/** Every connection of the project to this node, or those of one user. */
export function Sessions() {
  const [user, setUser] = useState("");
  const list = usePages(user, async (rest, after, signal) => {
    const page = await rest.ask("get", "/v1/sessions", { query: { userId: user, after }, signal });
    return { items: page.sessions, next: page.next };
  });
  return (
    <>
      <PageHead title={strings.pages.sessions} />
      <Find label={words.find} hint={words.findHint} onFind={setUser} />
      <Trouble refusal={list.refusal} />
      <Devices
        caption={words.caption}
        devices={list.items}
        empty={user ? words.notFound(user) : words.empty}
        ended={list.again}
        withUser
      />
      {!list.items && list.busy && <Waiting />}
      <More more={list.more} busy={list.busy} />
    </>
  );
}

interface DevicesProps {
  caption: string;
  /** Undefined: not known yet, or anew. What is asked before one is disconnected stays meanwhile. */
  devices: readonly Session[] | undefined;
  empty: string;
  /** One of them was disconnected. */
  ended: () => void;
  withUser?: boolean;
}

/** Connections in a table, each of which can be ended. */
export function Devices({ caption, devices, empty, ended, withUser = false }: DevicesProps) {
  const [doomed, setDoomed] = useState<Session>();
  const disconnect = useDeed(async (rest, session: string) => {
    await rest.ask("delete", "/v1/sessions/{session}", { path: { session } });
    setDoomed(undefined);
    ended();
  });
  return (
    <>
      {devices && (
        <Table
          caption={caption}
          columns={columnsOf(withUser, setDoomed)}
          rows={devices}
          id={(device) => device.id}
          empty={empty}
        />
      )}
      {doomed && (
        <Confirm
          heading={words.confirm}
          text={words.confirmText}
          submit={words.disconnect}
          {...disconnect}
          onConfirm={() => disconnect.run(doomed.id)}
          onClose={() => setDoomed(undefined)}
        />
      )}
    </>
  );
}

function columnsOf(withUser: boolean, ask: (device: Session) => void): readonly Column<Session>[] {
  const user: Column<Session> = {
    head: words.user,
    as: "name",
    cell: (device) => (
      <>
        <ToUser user={device.userId} otherwise={words.nobody} /> {device.userName}
      </>
    ),
  };
  return [
    ...(withUser ? [user] : []),
    {
      head: words.session,
      cell: (device) => (
        <span className={small.marks}>
          <code>{device.id}</code>
          {device.guest && <Mark>{words.guest}</Mark>}
          {device.away && <Mark tone="warn">{words.away}</Mark>}
        </span>
      ),
    },
    { head: words.door, cell: (device) => [device.door, device.dialect].filter(Boolean).join(" ") },
    { head: words.device, as: "wide", cell: (device) => <Device of={device} /> },
    { head: words.since, cell: (device) => <Moment at={device.since} /> },
    { head: words.channels, cell: (device) => <Subscribed channels={device.channels ?? []} /> },
    { head: words.queue, as: "number", cell: (device) => bytes(device.queueBytes) },
    {
      head: strings.log.acts,
      as: "acts",
      cell: (device) => (
        <Button
          look="quiet"
          className={`${small.small} ${small.doom}`}
          aria-label={words.disconnectOf(device.userId ?? words.nobody, device.id)}
          onClick={() => ask(device)}
        >
          {words.disconnect}
        </Button>
      ),
    },
  ];
}

function Device({ of: device }: { of: Session }) {
  return (
    <>
      {device.device && <>{device.device} </>}
      {device.address && <code>{device.address}</code>} {device.userAgent}
    </>
  );
}

/** How many channels of a session are named. */
const named = 5;

function Subscribed({ channels }: { channels: readonly string[] }) {
  const more = channels.length - named;
  return (
    <span className={small.marks}>
      {channels.slice(0, named).map((channel) => (
        <To key={channel} place={{ page: "channel", channel, tab: "log" }}>
          {channel}
        </To>
      ))}
      {more > 0 && <Mark>+{more}</Mark>}
    </span>
  );
}
