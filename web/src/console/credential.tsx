import { useEffect, useState } from "react";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import css from "./form.module.css";
import { strings } from "./strings";

const words = strings.keys;

interface Props {
  title: string;
  lead: string;
  /** By what each of them is called. */
  credentials: Readonly<Record<string, string>>;
  onClose: () => void;
}

/**
 * Shows credentials that nobody can be shown again. Only its button closes it: a key that was hit or a click beside
 * it would take them away for good.
 */
export function Credentials({ title, lead, credentials, onClose }: Props) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <Dialog title={title} onClose={() => {}} question wide>
      <div className={css.form}>
        <p>{lead}</p>
        {Object.entries(credentials).map(([label, text]) => (
          <Credential key={label} label={label} text={text} />
        ))}
      </div>
      <DialogButtons>
        <Button look="primary" onClick={onClose}>
          {strings.close}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function Credential({ label, text }: { label: string; text: string }) {
  const [said, setSaid] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid(words.copied),
      () => setSaid(words.uncopied),
    );
  return (
    <div className={css.field}>
      <span className={css.legend}>{label}</span>
      <code className={css.credential}>{text}</code>
      <div className={css.row}>
        <Button onClick={copy}>{words.copy}</Button>
        <span role="status">{said}</span>
      </div>
    </div>
  );
}
