import { useTyping } from "@parley/react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { useTalk } from "./talk";
import styles from "./typing-line.module.css";

/** Who of the others types. Its place is always there, so that nothing moves when they do. */
export function TypingLine({ channelId }: { channelId: string }): ReactNode {
  const { typists } = useTyping(channelId);
  const { people } = useTalk();
  const names = typists.map((t) => t.userName || people.nameOf(t.userId));
  return (
    <p className={styles.typing} role="status">
      {names.length > 0 && <bdi>{strings.messages.typing(names)}</bdi>}
    </p>
  );
}
