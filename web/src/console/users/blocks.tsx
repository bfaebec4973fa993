import { Button } from "../../ui/button";
import { useDeed } from "../asking";
import css from "../channels/channel.module.css";
import { ToUser } from "../link";
import { More, Section, Trouble } from "../page";
import { usePages } from "../pages";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { Table } from "../table";

const words = strings.users;

/** Whom a user wants nothing of. */
export function Blocks({ user }: { user: string }) {
  const list = usePages<Schemas["Blocked"]>(user, async (rest, after, signal) => {
    const page = await rest.ask("get", "/v1/users/{user}/blocks", {
      path: { user },
      query: { after },
      signal,
    });
    return { items: page.blocks, next: page.next };
  });
  const unblock = useDeed(async (rest, other: string) => {
    await rest.ask("delete", "/v1/users/{user}/blocks/{other}", { path: { user, other } });
    list.again();
  });
  return (
    <Section title={words.blocks}>
      <Trouble refusal={list.refusal ?? unblock.refusal} />
      {list.items && (
        <Table
          caption={words.blocks}
          columns={[
            { head: words.id, as: "name", cell: ({ userId }) => <ToUser user={userId} otherwise="" /> },
            {
              head: strings.log.acts,
              as: "acts",
              cell: ({ userId }) => (
                <Button
                  className={css.small}
                  aria-label={strings.members.actOn(words.unblock, userId)}
                  disabled={unblock.busy}
                  onClick={() => unblock.run(userId)}
                >
                  {words.unblock}
                </Button>
              ),
            },
          ]}
          rows={list.items}
          id={({ userId }) => userId}
          empty={words.noBlocks}
        />
      )}
      <More more={list.more} busy={list.busy} />
    </Section>
  );
}
