import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import styles from "./toast.module.css";

/** Shows a line for some seconds; `bad`: something went wrong. */
export type Say = (text: string, kind?: "good" | "bad") => void;

const Saying = createContext<Say>(() => {});

/** How to tell of something in passing. */
export function useToast(): Say {
  return useContext(Saying);
}

/** How long a line is shown, in milliseconds. */
const shown = 6000;

/** Shows what those below it say. A line goes by itself; one at a time. */
export function Toasts({ children }: { children: ReactNode }): ReactNode {
  const [line, setLine] = useState<{ text: string; kind: "good" | "bad"; n: number }>();
  const count = useRef(0);
  const say = useCallback<Say>((text, kind = "good") => {
    count.current++;
    setLine({ text, kind, n: count.current });
  }, []);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.showPopover(); // above what was shown before, dialogs too
    const timer = line && setTimeout(() => setLine(undefined), shown);
    return () => {
      clearTimeout(timer);
      place.current?.hidePopover();
    };
  }, [line]);
  return (
    <Saying value={say}>
      {useMemo(() => children, [children])}
      <div ref={place} popover="manual" className={styles.place} role="status" aria-live="polite">
        {line && (
          <p key={line.n} className={line.kind === "bad" ? `${styles.toast} ${styles.bad}` : styles.toast}>
            {line.text}
          </p>
        )}
      </div>
    </Saying>
  );
}
