import { type FormEvent, useState } from "react";
import { Button } from "../../ui/button";
import { Field } from "../../ui/field";
import { useDeed } from "../asking";
import { Credentials } from "../credential";
import form from "../form.module.css";
import { Section, Trouble } from "../page";
import { Reach, reachOf } from "../reach";
import type { Schemas } from "../rest";
import { strings } from "../strings";

const words = strings.tokens;
const scopes = ["chat:read", "chat:send", "chat:manage", "chat:admin"] as const;

/** Mints a token for a user. It is shown once, and kept nowhere. */
export function Mint() {
  const [minted, setMinted] = useState<{ user: string; pair: Schemas["TokenPair"] }>();
  const { busy, refusal, run } = useDeed(async (rest, body: Schemas["TokenRequest"]) =>
    setMinted({ user: body.userId, pair: await rest.ask("post", "/auth/token", { body }) }),
  );
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    void run(requestOf(new FormData(event.currentTarget)));
  };
  return (
    <Section title={words.mint}>
      <form className={form.form} onSubmit={onSubmit}>
        <Field
          label={words.user}
          name="user"
          required
          maxLength={128}
          autoComplete="off"
          spellCheck={false}
        />
        <Field label={words.userName} name="name" maxLength={128} autoComplete="off" />
        <Reach scopes={scopes} checked={["chat:read", "chat:send"]} />
        <Trouble refusal={refusal} />
        <div>
          <Button type="submit" look="primary" disabled={busy}>
            {words.submit}
          </Button>
        </div>
      </form>
      {minted && (
        <Credentials
          title={words.minted(minted.user)}
          lead={words.mintedText}
          credentials={{ [words.tsToken]: minted.pair.tsToken, [words.appJwt]: minted.pair.appJwt }}
          onClose={() => setMinted(undefined)}
        />
      )}
    </Section>
  );
}

function requestOf(fields: FormData): Schemas["TokenRequest"] {
  const name = String(fields.get("name")).trim();
  return {
    userId: String(fields.get("user")).trim(),
    ...reachOf(fields),
    ...(name ? { name } : {}),
  };
}
