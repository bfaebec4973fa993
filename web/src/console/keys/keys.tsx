import { useState } from "react";
import { Button } from "../../ui/button";
import { useAsked } from "../asking";
import css from "../channels/channel.module.css";
import { Credentials } from "../credential";
import { Moment } from "../moment";
import { Mark, PageHead, Trouble, Waiting } from "../page";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import { EndKey } from "./end-key";
import { MakeKey } from "./make-key";
import { RotateKey } from "./rotate-key";

const words = strings.keys;
type Key = Schemas["Key"];

/** What is being done to which key. */
type Doing =
  | { act: "make" }
  | { act: "rotate" | "end"; key: Key }
  | { act: "show"; made: Schemas["MadeKey"] };

/** The project's keys: made, rotated, ended. A new one's credential is shown once. */
export function Keys() {
  const { answer, refusal, busy, again } = useAsked("keys", (rest, signal) =>
    rest.ask("get", "/v1/keys", { signal }),
  );
  const [doing, setDoing] = useState<Doing>();
  const onClose = () => setDoing(undefined);
  // Nothing is asked before the key was seen: whose own one it replaced is signed out by the next answer.
  const onMade = (made: Schemas["MadeKey"]) => setDoing({ act: "show", made });
  return (
    <>
      <PageHead title={strings.pages.keys}>
        <Button look="primary" onClick={() => setDoing({ act: "make" })}>
          {words.make}
        </Button>
      </PageHead>
      <Trouble refusal={refusal} />
      {answer ? (
        <Table
          caption={words.caption}
          columns={columnsOf(setDoing)}
          rows={answer.keys}
          id={(key) => key.id}
          empty={words.empty}
        />
      ) : (
        busy && <Waiting />
      )}
      {doing?.act === "make" && <MakeKey made={onMade} onClose={onClose} />}
      {doing?.act === "rotate" && (
        <RotateKey id={doing.key.id} name={nameOf(doing.key)} made={onMade} onClose={onClose} />
      )}
      {doing?.act === "end" && (
        <EndKey id={doing.key.id} name={nameOf(doing.key)} ended={again} onClose={onClose} />
      )}
      {doing?.act === "show" && (
        <Credentials
          title={words.made}
          lead={words.madeText}
          credentials={{ [words.credential]: doing.made.key }}
          onClose={() => {
            onClose();
            again();
          }}
        />
      )}
    </>
  );
}

function columnsOf(start: (doing: Doing) => void): readonly Column<Key>[] {
  return [
    { head: words.name, as: "name", cell: nameOf },
    { head: words.kind, cell: (key) => words.kinds[key.kind] },
    { head: words.prefix, cell: (key) => <code>{key.prefix}</code> },
    { head: words.state, cell: (key) => <State of={key} /> },
    { head: words.scopes, cell: (key) => key.scopes?.join(" ") || strings.none },
    { head: words.channels, cell: (key) => key.channels?.join(" ") || words.all },
    { head: words.created, cell: (key) => <Moment at={key.createdAt} /> },
    { head: strings.log.acts, as: "acts", cell: (key) => <Acts of={key} start={start} /> },
  ];
}

function State({ of: key }: { of: Key }) {
  const tone = { active: "ok", retiring: "warn", ended: "danger", revoked: "danger" } as const;
  return (
    <>
      <Mark tone={tone[key.state]}>{words.states[key.state]}</Mark>{" "}
      {key.state === "retiring" && key.endsAt && words.until(new Date(key.endsAt).toLocaleString())}
    </>
  );
}

function Acts({ of: key, start }: { of: Key; start: (doing: Doing) => void }) {
  const ended = key.state === "ended" || key.state === "revoked";
  // What the configuration says is changed there.
  if (ended || !key.createdAt) return null;
  return (
    <span className={css.buttons}>
      {key.state === "active" && (
        <Button
          className={css.small}
          aria-label={words.actOn(words.rotate, nameOf(key))}
          onClick={() => start({ act: "rotate", key })}
        >
          {words.rotate}
        </Button>
      )}
      <Button
        className={`${css.small} ${css.doom}`}
        look="quiet"
        aria-label={words.actOn(words.end, nameOf(key))}
        onClick={() => start({ act: "end", key })}
      >
        {words.end}
      </Button>
    </span>
  );
}

function nameOf(key: Key): string {
  return key.name || key.id;
}
