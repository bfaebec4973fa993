import type { StoredMessage } from "@parley/client/messages";
import type { ReactNode } from "react";
import { strings } from "../strings";
import styles from "./row.module.css";
import { useTalk } from "./talk";

const words = strings.messages;

/** What people have said to a message with one sign; one's own are pressed. */
export function Reactions({ message }: { message: StoredMessage }): ReactNode {
  const { me, people, react } = useTalk();
  if (!message.reactions?.length) return null;
  return (
    <ul className={styles.reactions} aria-label={words.reactions}>
      {message.reactions.map(({ reaction, count, userIds }) => {
        const who = userIds.map((id) => (id === me ? words.you : people.nameOf(id)));
        const all = count > userIds.length ? [...who, words.others(count - userIds.length)] : who;
        return (
          <li key={reaction}>
            <button
              type="button"
              className={styles.reaction}
              aria-pressed={userIds.includes(me)}
              aria-label={words.reaction(reaction, count, all.join(", "))}
              title={all.join(", ")}
              onClick={() => react(message, reaction)}
            >
              <span>{reaction}</span> {count}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
