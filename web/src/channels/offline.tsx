import { useConnection, useParley } from "@parley/react";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { strings } from "../strings";
import styles from "./offline.module.css";

/** A short break is nobody's business: so long, in milliseconds, until it is told of. */
const patience = 600;

/** Says that there is no connection, when the next attempt is made, and how much waits for it. */
export function Offline(): ReactNode {
  const { state, retryIn } = useConnection();
  const waiting = useQueued();
  const down = state !== "connected";
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!down) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), patience);
    return () => clearTimeout(timer);
  }, [down]);
  const words = strings.channels.offline;
  return (
    <div role="status" className={styles.place}>
      {down && shown && (
        <p className={styles.banner}>
          {state === "connecting" && retryIn === undefined ? (
            words.connecting
          ) : (
            <Countdown key={`${state} ${retryIn}`} from={retryIn} />
          )}
          {waiting > 0 && <> {words.waiting(waiting)}</>}
        </p>
      )}
    </div>
  );
}

/** Seconds until the next attempt; who only listens is told once, not each second. */
function Countdown({ from }: { from: number | undefined }): ReactNode {
  const [at] = useState(() => Date.now() + (from ?? 0));
  const [left, setLeft] = useState(from ?? 0);
  useEffect(() => {
    const timer = setInterval(() => setLeft(Math.max(0, at - Date.now())), 500);
    return () => clearInterval(timer);
  }, [at]);
  const words = strings.channels.offline;
  return (
    <>
      <span className="unseen">{words.again}</span>
      <span aria-hidden="true">{left > 0 ? words.retryIn(Math.ceil(left / 1000)) : words.again}</span>
    </>
  );
}

function useQueued(): number {
  const client = useParley();
  const [subscribe] = useState(() => (changed: () => void) => client.on("status", changed));
  return useSyncExternalStore(subscribe, () => client.queued);
}
