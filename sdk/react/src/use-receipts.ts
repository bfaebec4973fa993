import { useMemo } from "react";
import type { OtherCursor } from "./channel-store";
import { useParley } from "./context";
import { type Readable, ReadMarker } from "./read-marker";
import { type ChannelOptions, useChannelPart } from "./use-channel";

/** Who has read what in a channel. */
export interface ReadReceipts {
  /** How far the others have come, as far as they were here since we looked. */
  readonly cursors: readonly OtherCursor[];
  /** Those of the others who have read this message. */
  readonly readBy: (message: Readable) => readonly string[];
  /** A ref for a message's element, `<li ref={seen(message)}>`: it is marked as read when at least half of it is in view. */
  readonly seen: (message: Readable) => (element: Element | null) => (() => void) | undefined;
  /** Marks everything up to a message as read, wherever it is. */
  readonly mark: (message: Readable) => void;
}

const none: readonly never[] = [];

/** How far the others have read, and what marks as read what this user saw. */
export function useReadReceipts(channelId: string, { presence = true }: ChannelOptions = {}): ReadReceipts {
  const client = useParley();
  const [cursors, channel] = useChannelPart<readonly OtherCursor[]>(
    channelId,
    presence,
    (c) => c.cursors,
    none,
  );
  const { seen, mark } = useMemo(
    () => new ReadMarker(client, channelId, () => channel.readAt),
    [client, channelId, channel],
  );
  return useMemo(() => {
    const readBy = ({ seq }: Readable) =>
      seq === undefined ? none : cursors.filter((c) => c.read >= seq).map((c) => c.userId);
    return { cursors, readBy, seen, mark };
  }, [cursors, seen, mark]);
}
