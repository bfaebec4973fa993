import type { ReactNode } from "react";
import { strings } from "../strings";
import { Button } from "../ui/button";
import { Time } from "../ui/time";
import { Body } from "./body";
import { Panel } from "./panel";
import styles from "./panel.module.css";
import type { Pins } from "./pins";
import { useTalk } from "./talk";

const words = strings.messages;

/** The channel's pinned messages, as they are now. */
export default function PinsPanel({
  pins,
  onClose,
  onGo,
}: {
  pins: Pins;
  onClose: () => void;
  /** One of them is to be shown where it stands. */
  onGo: () => void;
}): ReactNode {
  const { people, rights, pin, goTo } = useTalk();
  const { messages, error } = pins;
  return (
    <Panel title={words.pins} onClose={onClose}>
      <ul className={styles.pins} aria-label={words.pins}>
        {messages?.map((message) => (
          <li key={message.id} className={styles.pin}>
            <p className={styles.who}>
              <bdi>{message.senderName || people.nameOf(message.senderId)}</bdi>
              <Time at={message.createdAt} as="full" />
            </p>
            <Body text={message.text ?? ""} calls={people.callsOf(message.mentions ?? [])} />
            <footer>
              <Button
                look="quiet"
                onClick={() => {
                  goTo(message.id);
                  onGo();
                }}
              >
                {words.goTo}
              </Button>
              {rights.pin && (
                <Button look="quiet" onClick={() => pin({ ...message, key: message.id })}>
                  {words.unpin}
                </Button>
              )}
            </footer>
          </li>
        ))}
      </ul>
      {error !== undefined && <p role="alert">{error}</p>}
      {messages?.length === 0 && <p className={styles.none}>{words.noPins}</p>}
    </Panel>
  );
}
