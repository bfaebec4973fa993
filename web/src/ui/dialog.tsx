import { X } from "lucide-react";
import { type ReactNode, useId, useRef } from "react";
import { strings } from "../strings";
import styles from "./dialog.module.css";
import { IconButton } from "./icon-button";
import { useModal } from "./modal";

export interface DialogProps {
  title: string;
  /** Asked to close: by Escape, the cross, or a click beside it. */
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  /** Rather a question, which has its own buttons, than a place: there is no cross. */
  question?: boolean;
}

/** A modal dialog, for as long as it is rendered. The focus goes back to where it was. */
export function Dialog({ title, onClose, children, wide = false, question = false }: DialogProps): ReactNode {
  const ref = useModal();
  const beside = useRef(false);
  const titleId = useId();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it; Escape is the key for that
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      className={wide ? `${styles.dialog} ${styles.wide}` : styles.dialog}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        beside.current = event.target === ref.current;
      }}
      onClick={(event) => {
        if (beside.current && event.target === ref.current) onClose(); // and not who selects text to beyond the edge
      }}
    >
      <div className={styles.content}>
        <header className={styles.head}>
          <h2 id={titleId}>{title}</h2>
          {!question && <IconButton icon={X} label={strings.app.close} onClick={onClose} />}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** The row of buttons at a dialog's end. */
export function DialogButtons({ children }: { children: ReactNode }): ReactNode {
  return <div className={styles.buttons}>{children}</div>;
}
