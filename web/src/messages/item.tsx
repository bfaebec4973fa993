import type { ListedMessage } from "@parley/client/messages";
import { memo, type ReactNode } from "react";
import { strings } from "../strings";
import styles from "./list.module.css";
import type { People } from "./people";
import { Row, type RowProps } from "./row";
import { useTalk } from "./talk";

export interface ItemProps extends RowProps {
  index: number;
  /** Tab comes to it. */
  active: boolean;
  measure: (row: HTMLElement | null) => void;
  /** It is pointed at. */
  onHot: (key: string) => void;
}

/** A message at its place in a list. */
export const Item = memo(function Item({ index, active, measure, onHot, ...row }: ItemProps): ReactNode {
  const { message } = row;
  const { people } = useTalk();
  return (
    <article
      ref={measure}
      data-index={index}
      data-key={message.key}
      tabIndex={active ? 0 : -1}
      aria-posinset={index + 1}
      aria-setsize={-1} // their number changes often
      aria-label={strings.messages.said(nameOf(message, people), (message.text ?? "").slice(0, 200))}
      className={styles.row}
      onPointerEnter={() => onHot(message.key)}
    >
      <Row {...row} />
    </article>
  );
});

function nameOf(m: ListedMessage, people: People): string {
  return (m.seq !== undefined && m.senderName) || people.nameOf(m.senderId);
}
