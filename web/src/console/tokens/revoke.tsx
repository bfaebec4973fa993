import { type FormEvent, useState } from "react";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import { Done, Section } from "../page";
import { Refusal, type Schemas } from "../rest";
import { strings } from "../strings";
import { claimsOf } from "./claims";

const words = strings.tokens;
type Revocation = Schemas["Revocation"];

/** What is to be revoked; of a token that says so, in which project. */
interface Asking {
  readonly body: Revocation;
  readonly project?: string | undefined;
}

/** Calls back one token, or all that a user has. */
export function Revoke() {
  const [asking, setAsking] = useState<Asking>();
  const [said, setSaid] = useState("");
  const [wrong, setWrong] = useState<string>();
  const deed = useDeed(async (rest, { body, project }: Asking) => {
    if (project !== undefined && project !== (await rest.ask("get", "/v1/server", {})).project) {
      throw new Refusal("not_found", words.elsewhere(project));
    }
    const { tokenId, before } = await rest.ask("post", "/v1/tokens/revoke", { body });
    setSaid(
      before ? strings.users.revoked(new Date(before).toLocaleTimeString()) : words.revokedOne(tokenId ?? ""),
    );
    setAsking(undefined);
  });
  const onOne = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const revocation = revocationOf(String(new FormData(event.currentTarget).get("token")).trim());
    setWrong(revocation ? undefined : words.noId);
    setAsking(revocation);
  };
  const onAll = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setAsking({ body: { userId: String(new FormData(event.currentTarget).get("user")).trim() } });
  };
  return (
    <Section title={words.revoke}>
      <p className={form.hint}>{words.revokeLead}</p>
      {said && <Done>{said}</Done>}
      <form className={form.form} onSubmit={onOne}>
        <Field label={words.one} name="token" required autoComplete="off" spellCheck={false} error={wrong} />
        <div>
          <Button type="submit">{words.oneSubmit}</Button>
        </div>
      </form>
      <form className={form.form} onSubmit={onAll}>
        <Field label={words.all} name="user" required maxLength={128} autoComplete="off" spellCheck={false} />
        <div>
          <Button type="submit">{words.allSubmit}</Button>
        </div>
      </form>
      {asking && (
        <Confirm
          heading={asking.body.userId ? strings.users.confirmRevoke(asking.body.userId) : words.confirmOne}
          text={asking.body.userId ? strings.users.confirmRevokeText : words.confirmOneText}
          submit={asking.body.userId ? words.allSubmit : words.oneSubmit}
          {...deed}
          onConfirm={() => deed.run(asking)}
          onClose={() => setAsking(undefined)}
        />
      )}
    </Section>
  );
}

/** What revokes what was typed: a token, of which its id and end are known, or an id by itself. */
function revocationOf(typed: string): Asking | undefined {
  const claims = claimsOf(typed);
  if (!claims) return { body: { tokenId: typed } };
  if (claims.jti === undefined) return undefined;
  const body = { tokenId: claims.jti, ...(claims.exp ? { expires: claims.exp } : {}) };
  return { body, project: claims.project };
}
