import type { ListedMessage } from "@parley/client/messages";
import { useLayoutEffect, useMemo, useRef } from "react";
import { usePeople } from "./people";
import type { Slots } from "./slots";
import type { Talk } from "./talk";
import type { Actions } from "./use-actions";
import { useMe } from "./use-me";

export interface TalkOfOptions {
  channelId: string;
  slots: Slots;
  role: string;
  messages: readonly ListedMessage[];
  acts: Actions;
}

/** What a conversation's parts share, which is another object only when one of them has to look different. */
export function useTalkOf({ channelId, slots, role, messages, acts }: TalkOfOptions): Talk {
  const me = useMe();
  const people = usePeople(channelId, messages);
  const latest = useRef(slots);
  useLayoutEffect(() => {
    latest.current = slots;
  });
  return useMemo(
    () => ({
      ...acts,
      channelId,
      me,
      people,
      rights: { moderate: role === "owner" || role === "moderator", pin: role !== "" && role !== "reader" },
      slots: {
        body: (message) => latest.current.body?.(message),
        below: (message) => latest.current.below?.(message),
        inThread: (rootId) => latest.current.inThread?.(rootId) ?? {},
      },
    }),
    [acts, channelId, me, people, role],
  );
}
