import { useState } from "react";
import { Find } from "../find";
import { ToUser } from "../link";
import { Moment } from "../moment";
import { More, PageHead, Trouble, Waiting } from "../page";
import { usePages } from "../pages";
import { beginning } from "../prefix";
import type { Rest, Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";

const words = strings.users;
type Row = Schemas["User"];

/** The users that anything is kept of, or those whose ids begin so. */
export function Users() {
  const [prefix, setPrefix] = useState("");
  const list = usePages(prefix, (rest, after, signal) => usersOf(rest, prefix, after, signal));
  return (
    <>
      <PageHead title={strings.pages.users} />
      <Find label={words.find} hint={words.findHint} onFind={setPrefix} />
      <Trouble refusal={list.refusal} />
      {list.items ? (
        <Table
          caption={strings.pages.users}
          columns={columns}
          rows={list.items}
          id={(user) => user.userId}
          empty={prefix ? words.notFound(prefix) : words.empty}
        />
      ) : (
        list.busy && <Waiting />
      )}
      <More more={list.more} busy={list.busy} />
    </>
  );
}

async function usersOf(rest: Rest, prefix: string, from: string | undefined, signal?: AbortSignal) {
  const page = async (after: string | undefined) => {
    const found = await rest.ask("get", "/v1/users", { query: { after }, signal });
    return { items: found.users, next: found.next };
  };
  if (!prefix) return page(from);
  return beginning<Row>(prefix, from, page, (user) => user.userId);
}

const columns: readonly Column<Row>[] = [
  { head: words.id, as: "name", cell: (user) => <ToUser user={user.userId} otherwise="" /> },
  { head: words.name, as: "wide", cell: (user) => user.userName },
  { head: words.lastSeen, as: "number", cell: (user) => <Moment at={user.lastSeen} /> },
];
