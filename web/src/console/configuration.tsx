import { useState } from "react";
import { useAsked } from "./asking";
import { Find } from "./find";
import { PageHead, Trouble, Waiting } from "./page";
import type { Schemas } from "./rest";
import { strings } from "./strings";
import { type Column, Table } from "./table";

const words = strings.configuration;
type Setting = Schemas["Setting"];

/** Every setting in force, and where it comes from; secrets are masked by the server. */
export function Configuration() {
  const { answer, refusal, busy } = useAsked("config", (rest, signal) =>
    rest.ask("get", "/v1/server/config", { signal }),
  );
  const [part, setPart] = useState("");
  const rows = answer?.settings.filter((setting) => setting.name.includes(part.toLowerCase()));
  return (
    <>
      <PageHead title={strings.pages.configuration} />
      <Find label={words.find} hint={words.findHint} onFind={setPart} />
      {refusal?.code === "forbidden" ? <p>{words.operator}</p> : <Trouble refusal={refusal} />}
      {rows ? (
        <Table
          caption={words.caption}
          columns={columns}
          rows={rows}
          id={(setting) => setting.name}
          empty={words.empty}
        />
      ) : (
        busy && <Waiting />
      )}
    </>
  );
}

const columns: readonly Column<Setting>[] = [
  { head: words.name, as: "name", cell: (setting) => setting.name },
  { head: words.value, as: "wide", cell: (setting) => <code>{shown(setting.value)}</code> },
  { head: words.from, cell: (setting) => setting.from ?? words.byDefault },
];

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
