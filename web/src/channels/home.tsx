import { useParley } from "@parley/react";
import { type ReactNode, useEffect } from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import styles from "./home.module.css";
import { useInbox, useInboxView } from "./inbox-context";
import { lobby } from "./listed";
import { Channels } from "./standing";

/** Goes on to the channel that was last active; who is in none becomes a member of the lobby. */
export function Home({ onPlace }: { onPlace: Go }): ReactNode {
  const client = useParley();
  const inbox = useInbox();
  const { channels, known, error } = useInboxView();
  const first = channels[0]?.id;
  useEffect(() => {
    if (!known) return;
    const go = (channelId: string) => onPlace({ at: "channel", channelId }, { replace: true });
    if (first !== undefined) {
      go(first);
      return;
    }
    new Channels(client)
      .join(lobby)
      .then(() => inbox.reload())
      .catch(() => {}) // it may be closed to them: the conversation says so
      .finally(() => go(lobby));
  }, [client, inbox, known, first, onPlace]);
  return (
    <div className={styles.home}>
      <h1>{strings.app.welcome}</h1>
      {error ? (
        <>
          <p role="alert">{errorText(error)}</p>
          <Button onClick={() => void inbox.reload()}>{strings.app.retry}</Button>
        </>
      ) : (
        <p>{strings.app.loading}</p>
      )}
    </div>
  );
}
