import type { ReactNode } from "react";
import styles from "./body.module.css";
import { piecesOf } from "./links";

/** Text as it was written, with its addresses as links and those it calls set off. */
export function Plain({ text, calls }: { text: string; calls: readonly string[] }): ReactNode {
  return piecesOf(text, calls).map((piece, i) => {
    // biome-ignore-start lint/suspicious/noArrayIndexKey: the pieces of a text have no other name
    if (piece.kind === "link") return <Link key={i} href={piece.href} text={piece.text} />;
    if (piece.kind === "mention") {
      return (
        <span key={i} className={styles.mention}>
          {piece.text}
        </span>
      );
    }
    return piece.text;
    // biome-ignore-end lint/suspicious/noArrayIndexKey: as above
  });
}

/** A link out of the page, which tells nobody where it was clicked. */
export function Link({ href, text }: { href: string; text: ReactNode }): ReactNode {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
      {text}
    </a>
  );
}
