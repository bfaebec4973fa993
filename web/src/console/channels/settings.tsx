import { type FormEvent, useId, useState } from "react";
import { Button } from "../../ui/button";
import { Check } from "../../ui/field";
import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import { Done, Trouble } from "../page";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { daysOf, secondsOf } from "./retention";

const words = strings.settings;
type Known = Schemas["Channel"];
type Wanted = Schemas["ChannelSettings"];

/** What a channel is. Keeping less deletes, and asks first. */
export function Settings({ channel, saved }: { channel: Known; saved: () => void }) {
  const [asking, setAsking] = useState<Wanted>();
  const [done, setDone] = useState(false);
  const save = useDeed(async (rest, body: Wanted) => {
    await rest.ask("put", "/v1/channels/{channel}", { path: { channel: channel.id }, body });
    setAsking(undefined);
    setDone(true);
    saved();
  });
  if (channel.kind === "direct") return <p className={form.hint}>{words.direct}</p>;
  const onWant = (wanted: Wanted) => {
    setDone(false);
    if (keepsLess(channel.retention, wanted.retention ?? 0)) setAsking(wanted);
    else void save.run(wanted);
  };
  return (
    <>
      <Form channel={channel} busy={save.busy} onWant={onWant} />
      {done && <Done>{words.saved}</Done>}
      {asking ? (
        <Confirm
          heading={words.shorter}
          text={words.shorterText(daysOf(asking.retention ?? 0))}
          submit={words.shorterSubmit}
          {...save}
          onConfirm={() => save.run(asking)}
          onClose={() => setAsking(undefined)}
        />
      ) : (
        <Trouble refusal={save.refusal} />
      )}
    </>
  );
}

function Form({
  channel,
  busy,
  onWant,
}: {
  channel: Known;
  busy: boolean;
  onWant: (wanted: Wanted) => void;
}) {
  const id = useId();
  const [title, setTitle] = useState(channel.title ?? "");
  const [open, setOpen] = useState(channel.public);
  const [forever, setForever] = useState(channel.retention < 0);
  const [days, setDays] = useState(channel.retention < 0 ? "30" : daysOf(channel.retention));
  const seconds = forever ? -1 : secondsOf(days);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (seconds !== undefined) onWant({ kind: channel.kind, title, public: open, retention: seconds });
  };
  return (
    <form className={form.form} onSubmit={onSubmit}>
      <div className={form.field}>
        <label htmlFor={`${id}-title`}>{words.title}</label>
        <input
          id={`${id}-title`}
          value={title}
          maxLength={128}
          onChange={(event) => setTitle(event.target.value)}
        />
      </div>
      <Check label={words.public} checked={open} onChange={(event) => setOpen(event.target.checked)} />
      <fieldset className={form.choices}>
        <legend className={form.legend}>{words.retention}</legend>
        <Check
          label={words.forever}
          checked={forever}
          onChange={(event) => setForever(event.target.checked)}
        />
        {!forever && (
          <div className={form.field}>
            <label htmlFor={`${id}-days`}>{words.days}</label>
            <input
              id={`${id}-days`}
              inputMode="decimal"
              value={days}
              aria-invalid={seconds === undefined}
              aria-describedby={`${id}-wrong`}
              onChange={(event) => setDays(event.target.value)}
            />
            <p id={`${id}-wrong`} className={form.hint}>
              {seconds === undefined && words.retentionWrong}
            </p>
          </div>
        )}
      </fieldset>
      <div>
        <Button type="submit" look="primary" disabled={busy || seconds === undefined}>
          {words.save}
        </Button>
      </div>
    </form>
  );
}

/** Whether a retention keeps less than the one before; below 0 is for ever. */
function keepsLess(before: number, after: number): boolean {
  return after >= 0 && (before < 0 || after < before);
}
