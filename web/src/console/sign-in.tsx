import { type FormEvent, useState } from "react";
import { Button } from "../ui/button";
import { Field } from "../ui/field";
import { Mark } from "../ui/mark";
import { wordsFor } from "./refused";
import type { Refusal } from "./rest";
import css from "./sign-in.module.css";
import { strings } from "./strings";

const words = strings.signIn;

interface Props {
  refusal: Refusal | undefined;
  enter: (credential: string) => Promise<void>;
}

/** Asks for a secret key or an administrator's token. */
export function SignIn({ refusal, enter }: Props) {
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [publishable, setPublishable] = useState(false);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const credential = typed.trim();
    setPublishable(credential.startsWith("pk_"));
    if (!credential || credential.startsWith("pk_") || busy) return;
    setBusy(true);
    void enter(credential).finally(() => setBusy(false));
  };
  return (
    <main className={css.page}>
      <form className={css.form} onSubmit={onSubmit} noValidate>
        <Mark size={44} />
        <h1>{words.heading}</h1>
        <p className={css.lead}>{words.lead}</p>
        <Field
          label={words.label}
          type="password"
          name="credential"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          hint={words.keep}
          error={publishable ? words.publishable : refusal && reason(refusal)}
        />
        <Button type="submit" look="primary" className={css.submit} disabled={busy}>
          {words.submit}
        </Button>
      </form>
    </main>
  );
}

function reason(refusal: Refusal): string {
  switch (refusal.code) {
    case "forbidden":
      return words.notAdmin;
    case "unauthorized":
      return words.unauthorized;
    default:
      return wordsFor(refusal);
  }
}
