import { X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useId } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import styles from "./panel.module.css";

/** Something beside the messages; on a phone in their place. Escape closes it. */
export function Panel({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const id = useId();
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.target instanceof HTMLDialogElement) return;
    event.preventDefault();
    onClose();
  };
  return (
    <section className={styles.panel} aria-labelledby={id} onKeyDown={pressed}>
      <header className={styles.head}>
        <h2 id={id}>{title}</h2>
        <IconButton icon={X} label={strings.app.close} onClick={onClose} />
      </header>
      {children}
    </section>
  );
}
