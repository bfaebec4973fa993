import { useState } from "react";
import { Button } from "../../ui/button";
import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import { Find } from "../find";
import form from "../form.module.css";
import { ToUser } from "../link";
import { Moment } from "../moment";
import { Mark, More, Trouble, Waiting } from "../page";
import { type Page, usePages } from "../pages";
import { beginning, justBefore } from "../prefix";
import type { Rest, Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import { AddMember } from "./add-member";
import css from "./channel.module.css";
import { roleOf, roles, type Standing, standingOf } from "./standing";

const words = strings.members;

/** A member with how far they have come, if they ever acknowledged anything. */
type Row = Schemas["Member"] & { cursor: Schemas["Cursor"] | undefined };

/** What was changed here since the list was asked for, of which `of` is the first page. */
interface Changed {
  of: Page<Row> | undefined;
  standings: ReadonlyMap<string, Standing>;
}

type Question = { row: Row; standing: Standing | undefined } | undefined;

/** The members of a channel and who is banned: their roles, mutes, bans and cursors. */
export function Members({ channel }: { channel: string }) {
  const [prefix, setPrefix] = useState("");
  const list = usePages(`${channel}\n${prefix}`, (rest, after, signal) =>
    membersOf(rest, channel, prefix, after, signal),
  );
  const [changed, setChanged] = useState<Changed>({ of: undefined, standings: new Map() });
  const standings = changed.of === list.first ? changed.standings : undefined;
  const [question, setQuestion] = useState<Question>();

  const path = (user: string) => ({ channel, user });
  const note = (event: Schemas["MemberEvent"]) => {
    setChanged({ of: list.first, standings: new Map(standings).set(event.userId, standingOf(event)) });
    setQuestion(undefined);
  };
  const stand = useDeed(async (rest, user: string, body: Standing) =>
    note(await rest.ask("put", "/v1/channels/{channel}/members/{user}", { path: path(user), body })),
  );
  const remove = useDeed(async (rest, user: string) =>
    note(await rest.ask("delete", "/v1/channels/{channel}/members/{user}", { path: path(user) })),
  );

  const rows = list.items?.map((row) => ({ ...row, ...standings?.get(row.userId) }));
  return (
    <>
      <Find label={words.find} hint={words.findHint} onFind={setPrefix} />
      <Trouble refusal={list.refusal ?? (question ? undefined : stand.refusal)} />
      {rows ? (
        <Table
          caption={words.caption(channel)}
          columns={columnsOf(stand.run, setQuestion)}
          rows={rows}
          id={(row) => row.userId}
          empty={words.empty}
        />
      ) : (
        list.busy && <Waiting />
      )}
      <More more={list.more} busy={list.busy} />
      <AddMember channel={channel} added={list.again} />
      {question?.standing && (
        <Confirm
          heading={words.confirmBan(question.row.userId)}
          text={words.confirmBanText}
          submit={words.ban}
          {...stand}
          onConfirm={() => question.standing && stand.run(question.row.userId, question.standing)}
          onClose={() => setQuestion(undefined)}
        />
      )}
      {question && !question.standing && (
        <Confirm
          heading={words.confirmRemove(question.row.userId)}
          text={words.confirmRemoveText}
          submit={words.remove}
          {...remove}
          onConfirm={() => remove.run(question.row.userId)}
          onClose={() => setQuestion(undefined)}
        />
      )}
    </>
  );
}

function columnsOf(
  set: (user: string, standing: Standing) => Promise<boolean>,
  ask: (question: Question) => void,
): readonly Column<Row>[] {
  return [
    { head: words.user, as: "name", cell: (row) => <ToUser user={row.userId} otherwise="" /> },
    { head: words.role, cell: (row) => <Role row={row} set={set} /> },
    {
      head: words.standing,
      cell: (row) =>
        (row.muted || row.banned) && (
          <span className={css.marks}>
            {row.muted && <Mark tone="warn">{words.muted}</Mark>}
            {row.banned && <Mark tone="danger">{words.banned}</Mark>}
          </span>
        ),
    },
    { head: words.since, cell: (row) => <Moment at={row.since} /> },
    { head: words.delivered, as: "number", cell: (row) => row.cursor?.delivered ?? strings.none },
    { head: words.read, as: "number", cell: (row) => row.cursor?.read ?? strings.none },
    { head: words.unread, as: "number", cell: (row) => row.cursor?.unread ?? strings.none },
    { head: strings.log.acts, as: "acts", cell: (row) => <Acts row={row} set={set} ask={ask} /> },
  ];
}

interface SetProps {
  row: Row;
  set: (user: string, standing: Standing) => Promise<boolean>;
}

function Role({ row, set }: SetProps) {
  const role = roleOf(row.role);
  return (
    <select
      className={form.inline}
      aria-label={words.roleOf(row.userId)}
      value={role}
      onChange={(event) => set(row.userId, { ...standingOf(row), role: roleOf(event.target.value) })}
    >
      {roles.map((known) => (
        <option key={known} value={known}>
          {words.roles[known]}
        </option>
      ))}
    </select>
  );
}

function Acts({ row, set, ask }: SetProps & { ask: (question: Question) => void }) {
  const standing = standingOf(row);
  const user = row.userId;
  const mute = row.muted ? words.unmute : words.mute;
  const ban = row.banned ? words.unban : words.ban;
  return (
    <span className={css.buttons}>
      <Button
        className={css.small}
        aria-label={words.actOn(mute, user)}
        onClick={() => set(user, { ...standing, muted: !row.muted })}
      >
        {mute}
      </Button>
      <Button
        className={css.small}
        aria-label={words.actOn(ban, user)}
        onClick={() =>
          row.banned
            ? set(user, { ...standing, banned: false })
            : ask({ row, standing: { ...standing, banned: true } })
        }
      >
        {ban}
      </Button>
      {row.role !== "" && (
        <Button
          className={css.small}
          aria-label={words.actOn(words.remove, user)}
          onClick={() => ask({ row, standing: undefined })}
        >
          {words.remove}
        </Button>
      )}
    </span>
  );
}

/** A page of members, and of each the cursor. Both lists are in the order of user ids. */
async function membersOf(
  rest: Rest,
  channel: string,
  prefix: string,
  from: string | undefined,
  signal?: AbortSignal,
) {
  const page = async (after: string | undefined) => {
    const found = await rest.ask("get", "/v1/channels/{channel}/members", {
      path: { channel },
      query: { after },
      signal,
    });
    return { items: found.members, next: found.next };
  };
  const members = prefix ? await beginning(prefix, from, page, (member) => member.userId) : await page(from);
  const before = from ?? (prefix ? justBefore(prefix) : undefined);
  const cursors = await cursorsOf(rest, channel, before, members.items.at(-1)?.userId, signal);
  return {
    ...members,
    items: members.items.map((member): Row => ({ ...member, cursor: cursors.get(member.userId) })),
  };
}

/** The cursors of the users after one and up to another, who may be far more than the members among them. */
async function cursorsOf(
  rest: Rest,
  channel: string,
  before: string | undefined,
  last: string | undefined,
  signal?: AbortSignal,
) {
  const known = new Map<string, Schemas["Cursor"]>();
  if (last === undefined) return known;
  for (let after = before; ; ) {
    const { cursors, next } = await rest.ask("get", "/v1/channels/{channel}/cursors", {
      path: { channel },
      query: { after, limit: 1000 },
      signal,
    });
    for (const cursor of cursors) known.set(cursor.userId, cursor);
    if (next === undefined || next >= last) return known;
    after = next;
  }
}
