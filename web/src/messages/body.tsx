import { type ReactNode, Suspense } from "react";
import { later } from "../ui/later";
import styles from "./body.module.css";
import { Plain } from "./plain";
import { hasMarkdown, isEmojiOnly } from "./text";

const Markdown = later(
  () => import("./markdown"),
  (m) => m.default,
);

/** A message's text: plain at once, and with its markdown as soon as what reads it is there. */
export function Body({ text, calls }: { text: string; calls: readonly string[] }): ReactNode {
  if (isEmojiOnly(text)) return <p className={`${styles.body} ${styles.large}`}>{text}</p>;
  const plain = <Plain text={text} calls={calls} />;
  return (
    <div className={styles.body} dir="auto">
      {hasMarkdown(text) ? (
        <Suspense fallback={plain}>
          <Markdown text={text} calls={calls} />
        </Suspense>
      ) : (
        plain
      )}
    </div>
  );
}
