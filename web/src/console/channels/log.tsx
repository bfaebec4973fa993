import { useEffect, useId, useState } from "react";
import { Button } from "../../ui/button";
import { useAsked, useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import { To, ToUser } from "../link";
import { Moment } from "../moment";
import { Mark, Trouble, Waiting } from "../page";
import { strings } from "../strings";
import { type Column, Table } from "../table";
import css from "./channel.module.css";
import { type Line, lineOf } from "./event";
import { readLog } from "./reading";

const words = strings.log;
/** Events a page. */
const size = 50;

interface Props {
  channel: string;
  /** The seq of its last event. */
  head: number;
  /** The log was written to: the head is another. */
  moved: () => void;
}

/** A channel's log, page by page, from its end. */
export function Log({ channel, head, moved }: Props) {
  const last = Math.max(0, head - size);
  const [place, setPlace] = useState<number>(); // undefined: its end, wherever that is
  const after = place ?? last;
  const page = useAsked(`${channel}\n${after}\n${head}`, (rest, signal) =>
    readLog(rest, channel, after, size, signal),
  );
  const [doomed, setDoomed] = useState<Line>();
  const [known, setKnown] = useState(0);
  const horizon = Math.max(known, page.answer?.horizon ?? 0);
  useEffect(() => setKnown(horizon), [horizon]);

  const lines = page.answer?.events.map(lineOf);
  const begin = page.answer?.from ?? after;
  const end = lines?.at(-1)?.seq ?? begin;
  return (
    <>
      <Pager
        onGo={setPlace}
        first={horizon}
        head={head}
        older={begin > horizon ? Math.max(horizon, begin - size) : undefined}
        newer={page.answer?.more ? end : undefined}
      />
      {horizon > 0 && <p className={form.hint}>{words.horizon(horizon)}</p>}
      <Trouble refusal={page.refusal} />
      {lines ? (
        <Table
          caption={words.caption(channel)}
          columns={columnsOf(channel, setDoomed)}
          rows={lines}
          id={(line) => line.seq}
          empty={words.empty}
        />
      ) : (
        page.busy && <Waiting />
      )}
      {doomed && <Remove channel={channel} line={doomed} done={moved} onClose={() => setDoomed(undefined)} />}
    </>
  );
}

interface PagerProps {
  /** Gets the seq that a page comes after; undefined: the last page. */
  onGo: (after: number | undefined) => void;
  first: number;
  head: number;
  older: number | undefined;
  newer: number | undefined;
}

function Pager({ onGo, first, head, older, newer }: PagerProps) {
  const id = useId();
  const to = (after: number | undefined) => () => onGo(after);
  return (
    <div className={css.pager}>
      <Button onClick={to(first)} disabled={older === undefined}>
        {words.first}
      </Button>
      <Button onClick={to(older)} disabled={older === undefined}>
        {words.older}
      </Button>
      <Button onClick={to(newer)} disabled={newer === undefined}>
        {words.newer}
      </Button>
      <Button onClick={to(undefined)} disabled={newer === undefined}>
        {words.last}
      </Button>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const seq = Number(new FormData(event.currentTarget).get("seq"));
          if (Number.isSafeInteger(seq) && seq > 0) onGo(Math.max(0, Math.min(seq, head) - 1));
        }}
      >
        <label htmlFor={id} className={form.legend}>
          {words.from}
        </label>
        <input id={id} name="seq" type="number" min={1} step={1} className={form.inline} />
      </form>
    </div>
  );
}

function columnsOf(channel: string, onRemove: (line: Line) => void): readonly Column<Line>[] {
  return [
    { head: words.seq, as: "number", cell: (line) => line.seq },
    { head: words.at, cell: (line) => <Moment at={line.at} exact /> },
    {
      head: words.kind,
      cell: (line) => (
        <span className={css.kind}>
          {kindOf(line)} {line.target !== undefined && words.of(line.target)}
        </span>
      ),
    },
    {
      head: words.who,
      cell: (line) => (
        <span title={line.name}>
          <ToUser user={line.who} otherwise={strings.serverItself} />
        </span>
      ),
    },
    { head: words.what, as: "wide", cell: (line) => <What line={line} /> },
    {
      head: words.acts,
      as: "acts",
      cell: (line) =>
        line.message && <Acts channel={channel} line={line} message={line.message} onRemove={onRemove} />,
    },
  ];
}

function kindOf(line: Line): string {
  const known: Record<string, string> = words.kinds;
  return known[line.kind] ?? line.kind;
}

function What({ line }: { line: Line }) {
  return (
    <>
      <span className={line.message?.deleted ? css.gone : css.text}>{line.what}</span>
      {line.marks.length > 0 && (
        <span className={css.marks}>
          {line.marks.map((mark) => (
            <Mark key={mark}>{mark}</Mark>
          ))}
        </span>
      )}
    </>
  );
}

interface ActsProps {
  channel: string;
  line: Line;
  message: { id: string; deleted: boolean };
  onRemove: (line: Line) => void;
}

function Acts({ channel, line, message, onRemove }: ActsProps) {
  return (
    <span className={css.buttons}>
      <To place={{ page: "message", channel, message: message.id }} label={words.wayOf(line.seq)}>
        {words.way}
      </To>
      {!message.deleted && (
        <Button
          look="quiet"
          className={`${css.small} ${css.doom}`}
          aria-label={words.removeOf(line.seq)}
          onClick={() => onRemove(line)}
        >
          {words.remove}
        </Button>
      )}
    </span>
  );
}

interface RemoveProps {
  channel: string;
  line: Line;
  done: () => void;
  onClose: () => void;
}

function Remove({ channel, line, done, onClose }: RemoveProps) {
  const { busy, refusal, run } = useDeed(async (rest, id: string) => {
    await rest.ask("delete", "/v1/channels/{channel}/messages/{id}", { path: { channel, id } });
    onClose();
    done();
  });
  return (
    <Confirm
      heading={words.confirm}
      text={words.confirmText}
      submit={words.remove}
      busy={busy}
      refusal={refusal}
      onConfirm={() => line.message && run(line.message.id)}
      onClose={onClose}
    />
  );
}
