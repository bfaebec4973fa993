import type { ErrorCode } from "@parley/client";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import { Check, Field } from "../ui/field";
import { Mark } from "../ui/mark";
import { useSession } from "./context";
import { browserDrawers, lastName, userIdOf } from "./credentials";
import styles from "./sign-in.module.css";

/** Asks who somebody is: for a name where the server believes names, else for a token. */
export function SignIn({ error }: { error?: ErrorCode | undefined }): ReactNode {
  const session = useSession();
  const { dev } = session;
  const [value, setValue] = useState(() => (dev ? lastName(browserDrawers()) : ""));
  const [stay, setStay] = useState(!dev);
  const [missing, setMissing] = useState(false);
  const text = dev ? strings.session.byName : strings.session.byToken;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const said = value.trim();
    if (said === "" || (dev && userIdOf(said) === "")) {
      setMissing(true);
      return;
    }
    session.signIn(dev ? { kind: "name", name: said } : { kind: "token", token: said }, stay);
  };

  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <Mark size={44} />
        <h1>{text.title}</h1>
        <p className={styles.about}>{text.about}</p>
        <Field
          label={text.label}
          type={dev ? "text" : "password"}
          name={dev ? "name" : "token"}
          value={value}
          onChange={(event) => {
            setValue(event.currentTarget.value);
            setMissing(false);
          }}
          maxLength={dev ? 64 : 8192}
          autoComplete={dev ? "nickname" : "off"}
          autoCapitalize={dev ? "words" : "none"}
          spellCheck={false}
          autoFocus
          onFocus={(event) => event.currentTarget.select()}
          error={missing ? text.missing : error && errorText(error)}
        />
        <Check
          label={strings.session.stay}
          checked={stay}
          onChange={(event) => setStay(event.currentTarget.checked)}
        />
        <Button type="submit" look="primary" className={styles.submit}>
          {strings.session.signIn}
        </Button>
      </form>
    </main>
  );
}
