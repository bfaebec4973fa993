import type { ReactNode } from "react";
import { hashOf } from "../route";
import { strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { Time } from "../ui/time";
import { excerpt } from "./excerpt";
import type { Hit } from "./found";
import styles from "./search.module.css";

/** A message that was found: a link to it. */
export function Result({ hit: { message, highlights } }: { hit: Hit }): ReactNode {
  const name = message.senderName || message.senderId;
  return (
    <li>
      <a
        className={styles.result}
        data-result=""
        href={hashOf({ at: "channel", channelId: message.channelId, messageId: message.id })}
      >
        <Avatar userId={message.senderId} name={name} size={32} />
        <span className={styles.said}>
          <span className={styles.head}>
            <b>{name}</b>
            <span className={styles.when}>
              <Time at={message.createdAt} as="full" />
            </span>
            {message.parentId !== undefined && <span>{strings.search.inThread}</span>}
          </span>
          <span className={styles.text}>
            {excerpt(message.text ?? "", highlights).map(({ text, marked }, i) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text do not move
              marked ? <mark key={i}>{text}</mark> : <span key={i}>{text}</span>,
            )}
          </span>
        </span>
      </a>
    </li>
  );
}
