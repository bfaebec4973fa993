import { type FormEvent, useState } from "react";
import { Button } from "../../ui/button";
import { Dialog, DialogButtons } from "../../ui/dialog";
import { Choice, Field } from "../../ui/field";
import { useDeed } from "../asking";
import form from "../form.module.css";
import { Trouble } from "../page";
import { Reach, reachOf } from "../reach";
import type { Schemas } from "../rest";
import { strings } from "../strings";

const words = strings.keys;
type Kind = Schemas["NewKey"]["kind"];

/** What a guest of a publishable key may be allowed. */
const guestScopes = ["chat:read", "chat:send"] as const;

interface Props {
  made: (key: Schemas["MadeKey"]) => void;
  onClose: () => void;
}

/** Asks what the new key is to be, and makes it. */
export function MakeKey({ made, onClose }: Props) {
  const [wrong, setWrong] = useState<string>();
  const [kind, setKind] = useState<Kind>("secret");
  const { busy, refusal, run } = useDeed(async (rest, body: Schemas["NewKey"]) =>
    made(await rest.ask("post", "/v1/keys", { body })),
  );
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const reach = kind === "publishable" ? reachOf(fields) : undefined;
    // A key without any would be taken for one that does not say, and has the usual ones.
    const open = !reach || reach.scopes.length > 0;
    setWrong(open ? undefined : words.noScope);
    if (open) void run({ kind, name: String(fields.get("name")).trim(), ...reach });
  };
  return (
    <Dialog title={words.make} onClose={onClose} question>
      <form onSubmit={onSubmit}>
        <Field label={words.name} name="name" maxLength={128} autoComplete="off" />
        <Choice
          legend={words.kind}
          name="kind"
          value={kind}
          onChange={setKind}
          options={[
            { value: "secret", label: words.kinds.secret, hint: words.kindHelp.secret },
            { value: "publishable", label: words.kinds.publishable, hint: words.kindHelp.publishable },
          ]}
        />
        {kind === "publishable" && <Reach scopes={guestScopes} checked={guestScopes} />}
        {wrong && (
          <p role="alert" className={form.hint}>
            {wrong}
          </p>
        )}
        <Trouble refusal={refusal} />
        <DialogButtons>
          <Button onClick={onClose}>{strings.cancel}</Button>
          <Button type="submit" look="primary" disabled={busy}>
            {words.makeSubmit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
