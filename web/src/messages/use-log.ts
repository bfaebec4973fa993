import { useMessages, useParley } from "@parley/react";
import { useMemo, useState } from "react";
import { Lines } from "./lines";
import { useNewAt, useReadAt } from "./use-new-at";

/** A page of messages. */
const limit = 100;

/** So many messages are held; of the farthest a 16th is forgotten at a time, and can be loaded again. */
const most = 110_000;

/** Nobody sees more often than this that something changed, in milliseconds. */
const every = 16;

/** The channel's log for the person: where it begins for them, and what of it is new. */
export function useLog(channelId: string, at: string | undefined) {
  const client = useParley();
  const readAt = useReadAt(channelId);
  const [around] = useState(at);
  const list = useMessages(channelId, { limit, most, every, ...(around !== undefined && { around }) });
  const newAt = useNewAt(list, readAt, around);
  const lines = useMemo(() => new Lines(client, channelId), [client, channelId]);
  return { list, newAt, lines };
}
