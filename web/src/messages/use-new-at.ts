import type { ListedMessage } from "@parley/client/messages";
import { useParley } from "@parley/react";
import { useEffect, useRef, useState } from "react";
import type { Listed } from "./list";
import { placeOf } from "./order";

/** How far the person had read when they came; undefined until it is known. */
export function useReadAt(channelId: string): number | undefined {
  const client = useParley();
  const [readAt, setReadAt] = useState(() => client.cursors(channelId).get(client.userId ?? "")?.read);
  useEffect(() => {
    const come = (read: number | undefined) => setReadAt((before) => before ?? read);
    come(client.cursors(channelId).get(client.userId ?? "")?.read);
    return client.on("joined", (joined) => {
      if (joined.channelId === channelId) come(joined.cursor.read);
    });
  }, [client, channelId]);
  return readAt;
}

/**
 * The seq of the first message that is new to the person: when they came, and
 * again each time something is said while they look elsewhere. What comes while
 * they look is not new. Where that is before what is held, the list goes there,
 * unless the person wanted to go elsewhere (`at`). Null: there is none; undefined: that is not known yet.
 */
export function useNewAt(
  { messages, loading, hasOlder, jump }: Listed,
  readAt: number | undefined,
  at: string | undefined,
): number | null | undefined {
  const { userId: me } = useParley();
  const [newAt, setNewAt] = useState<number | null>();
  const since = useRef<number>(undefined); // who is not here has seen everything up to this seq
  const came = useRef(false);
  const sought = useRef(false);
  const last = useRef(0);
  useEffect(() => {
    last.current = lastSeq(messages);
    if (!came.current && readAt !== undefined && messages.length > 0 && !loading) {
      const held = !hasOlder || (messages[0]?.seq ?? 0) <= readAt + 1;
      if (readAt > 0 && !held && at === undefined && !sought.current) {
        sought.current = true; // what is new begins before what is held
        void jump(readAt);
        return;
      }
      came.current = true;
      // To who never read anything all is new, and nothing stands out.
      setNewAt(readAt > 0 && held ? (firstAfter(messages, readAt, me) ?? null) : null);
    } else if (since.current !== undefined) {
      const first = firstAfter(messages, since.current, me);
      if (first === undefined) return;
      since.current = undefined;
      setNewAt(first);
    }
  }, [messages, loading, hasOlder, jump, readAt, at, me]);
  useEffect(() => {
    const look = () => {
      const here = document.visibilityState === "visible" && document.hasFocus();
      since.current = here ? undefined : (since.current ?? last.current);
    };
    addEventListener("blur", look);
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("blur", look);
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return newAt;
}

function lastSeq(messages: readonly ListedMessage[]): number {
  return messages.findLast((m) => m.seq !== undefined)?.seq ?? 0;
}

/** The first message after a seq that is somebody else's, if all up to that seq is held. */
function firstAfter(
  messages: readonly ListedMessage[],
  seq: number,
  me: string | undefined,
): number | undefined {
  let i = placeOf(messages, seq + 1);
  while (messages[i] && messages[i]?.senderId === me) i++;
  return messages[i]?.seq;
}
