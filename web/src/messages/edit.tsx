import type { StoredMessage } from "@parley/client/messages";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { strings } from "../strings";
import { Button } from "../ui/button";
import styles from "./row.module.css";
import { useTalk } from "./talk";

const words = strings.messages;

/** A message's text, to be changed where it stands. Enter saves it, Escape leaves it as it was. */
export function Edit({ message, onEnd }: { message: StoredMessage; onEnd: () => void }): ReactNode {
  const talk = useTalk();
  const [text, setText] = useState(message.text ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const row = field.current?.closest("article");
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
    return () => {
      // The focus goes back to where one came from, unless it is elsewhere by now.
      if (document.activeElement !== document.body) return;
      const back = before !== document.body && before?.isConnected ? before : row;
      if (back instanceof HTMLElement) back.focus({ preventScroll: true });
    };
  }, []);
  const save = () => {
    const next = text.trim();
    if (next === "") talk.remove(message);
    else if (next !== message.text) talk.change(message, next);
    onEnd();
  };
  const pressed = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") onEnd();
    else if (event.key === "Enter" && !event.shiftKey) save();
    else return;
    event.preventDefault();
  };
  return (
    <form
      className={styles.edit}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        ref={field}
        aria-label={words.editLabel}
        dir="auto"
        rows={Math.min(12, text.split("\n").length)}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={pressed}
      />
      <div className={styles.editEnd}>
        <span className={styles.hint}>{words.editHint}</span>
        <Button look="quiet" onClick={onEnd}>
          {strings.app.cancel}
        </Button>
        <Button look="primary" type="submit">
          {words.save}
        </Button>
      </div>
    </form>
  );
}
