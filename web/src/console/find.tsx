import { useEffect, useId, useState } from "react";
import css from "./form.module.css";

/** How long nobody has to type before a search begins. */
const pause = 250;

interface Props {
  label: string;
  hint: string;
  /** Gets what was typed, without space around it, when the typing pauses. */
  onFind: (what: string) => void;
}

/** A search box. Ctrl-K, or ⌘-K, goes to the first of a page. */
export function Find({ label, hint, onFind }: Props) {
  const id = useId();
  const [typed, setTyped] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => onFind(typed.trim()), pause);
    return () => clearTimeout(timer);
  }, [typed, onFind]);
  return (
    <search>
      <form
        className={css.find}
        onSubmit={(event) => {
          event.preventDefault();
          onFind(typed.trim());
        }}
      >
        <label htmlFor={id}>{label}</label>
        <input
          id={id}
          type="search"
          autoComplete="off"
          spellCheck={false}
          placeholder={hint}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </form>
    </search>
  );
}

/** Puts the focus into the page's search box when Ctrl-K, or ⌘-K, is pressed. */
export function useFindKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      const box = document.querySelector<HTMLInputElement>("main input[type=search]");
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
