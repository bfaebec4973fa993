import { useId } from "react";
import { Check } from "../ui/field";
import form from "./form.module.css";
import { strings } from "./strings";

const words = strings.reach;

/** What credentials can be for. */
export type Scope = keyof typeof words.scopeHelp;

/** Fields that say how far a credential reaches: what it is for, and in which channels. */
export function Reach({ scopes, checked }: { scopes: readonly Scope[]; checked: readonly Scope[] }) {
  const id = useId();
  return (
    <>
      <fieldset className={form.choices}>
        <legend className={form.legend}>{words.scopes}</legend>
        {scopes.map((scope) => (
          <Check
            key={scope}
            name="scope"
            value={scope}
            defaultChecked={checked.includes(scope)}
            label={`${scope}: ${words.scopeHelp[scope]}`}
          />
        ))}
      </fieldset>
      <div className={form.field}>
        <label htmlFor={`${id}-channels`}>{words.channels}</label>
        <textarea id={`${id}-channels`} name="channels" spellCheck={false} aria-describedby={`${id}-hint`} />
        <p id={`${id}-hint`} className={form.hint}>
          {words.channelsHint}
        </p>
      </div>
    </>
  );
}

/** What the fields of a form say; no channels are all. */
export function reachOf(fields: FormData): { scopes: string[]; channels?: string[] } {
  const scopes = fields.getAll("scope").map(String);
  const channels = String(fields.get("channels") ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return channels.length ? { scopes, channels } : { scopes };
}
