import type { Message } from "@parley/client";
import { useParley } from "@parley/react";
import { Pin } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { errorText, strings } from "../strings";
import styles from "./pins.module.css";

const words = strings.messages;

/** What is pinned in a channel, as far as it is known. */
export interface Pins {
  readonly messages?: readonly Message[];
  readonly error?: string;
}

/** Says how much is pinned, where anything is; opens the pins, and closes them. */
export function PinsBar({
  pins,
  open,
  onToggle,
}: {
  pins: Pins;
  open: boolean;
  onToggle: () => void;
}): ReactNode {
  const n = pins.messages?.length ?? 0;
  if (n === 0 && !open) return null;
  return (
    <button type="button" className={styles.bar} aria-expanded={open} onClick={onToggle}>
      <Pin size={14} aria-hidden="true" /> {words.pinned(n)}
    </button>
  );
}

/** Follows what is pinned in a channel. */
export function usePins(channelId: string): Pins {
  const client = useParley();
  const [shown, setShown] = useState<Pins>({});
  useEffect(() => {
    let last = new AbortController();
    let pinned: readonly Message[] | undefined;
    const load = () => {
      last.abort(); // its answer is older
      last = new AbortController();
      const { signal } = last;
      const path = `/v1/channels/${encodeURIComponent(channelId)}/pins`;
      client.request("GET", path, { signal }).then(
        (answer) => {
          if (signal.aborted) return;
          pinned = (answer as unknown as { messages: Message[] }).messages;
          setShown({ messages: pinned });
        },
        (error) => signal.aborted || setShown((now) => ({ ...now, error: errorText(error.code) })),
      );
    };
    load();
    const here = (event: { channelId: string }) => event.channelId === channelId && load();
    const changed = (event: { channelId: string; id: string }) => {
      if (!pinned || pinned.some(({ id }) => id === event.id)) here(event);
    };
    const stops = [
      client.on("pin", here),
      client.on("expired", here),
      client.on("message.update", changed),
      client.on("message.delete", changed),
    ];
    return () => {
      last.abort();
      for (const stop of stops) stop();
    };
  }, [client, channelId]);
  return shown;
}
