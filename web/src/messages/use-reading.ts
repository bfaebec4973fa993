import type { StoredMessage } from "@parley/client/messages";
import { useEffect, useRef } from "react";
import { strings } from "../strings";
import { useAnnounce } from "../ui/announcer";
import type { Lines } from "./lines";
import type { Listed } from "./list";
import { placeOf } from "./order";
import { useTalk } from "./talk";
import type { Window } from "./use-window";

/** New messages are read aloud at most so often, in milliseconds. */
const announceEvery = 1500;

/** Notices what the person has seen: on a page that is shown, in a window that has the focus. */
export function useReading({
  list,
  view,
  lines,
  onSeen,
}: {
  list: Listed;
  view: Window;
  lines: Lines | undefined;
  onSeen: (message: StoredMessage) => void;
}): void {
  const began = useRef(false); // to load what there is
  const look = () => {
    const { messages, hasOlder, hasNewer, loading, error } = list;
    began.current ||= loading;
    if (messages.length === 0 && began.current && !loading && !error)
      lines?.look([], { top: true, end: true });
    const seen = view.seen();
    if (!seen) return;
    const [first, last] = [view.rows[0] ?? 0, view.rows.at(-1) ?? -1];
    lines?.look(messages.slice(first, last + 2), {
      top: first === 0 && !hasOlder,
      end: last >= messages.length - 1 && !hasNewer,
    });
    if (document.visibilityState !== "visible" || !document.hasFocus()) return;
    for (let i = seen.last; i >= seen.first; i--) {
      const message = messages[i];
      if (message?.seq === undefined) continue;
      onSeen(message);
      return;
    }
  };
  const latest = useRef(look);
  const { moved } = view;
  useEffect(() => {
    latest.current = look;
    moved.current = look;
    look();
  });
  useEffect(() => {
    const now = () => latest.current();
    addEventListener("focus", now);
    document.addEventListener("visibilitychange", now);
    return () => {
      removeEventListener("focus", now);
      document.removeEventListener("visibilitychange", now);
    };
  }, []);
  useAloud(list, view);
}

/** Has what others say read aloud while the person is with it: a few words of one, or how many. */
function useAloud({ messages, hasNewer }: Listed, { away }: Window): void {
  const { me, people } = useTalk();
  const announce = useAnnounce();
  const heard = useRef<{ seq: number; at: number; count: number; timer?: ReturnType<typeof setTimeout> }>(
    undefined,
  );
  const latest = useRef<StoredMessage>(undefined);
  useEffect(() => {
    const last = messages.findLast((m) => m.seq !== undefined);
    if (hasNewer || last?.seq === undefined) return;
    heard.current ??= { seq: last.seq, at: 0, count: 0 };
    const before = heard.current;
    const news = messages.slice(placeOf(messages, before.seq + 1));
    const others = news.filter((m): m is StoredMessage => m.seq !== undefined && m.senderId !== me);
    before.seq = Math.max(before.seq, last.seq);
    if (others.length === 0 || away || !document.hasFocus()) return;
    latest.current = others.at(-1);
    before.count += others.length;
    if (before.timer !== undefined) return; // somebody is about to be told
    const wait = Math.max(0, before.at + announceEvery - Date.now());
    before.timer = setTimeout(() => {
      const { count } = before;
      const m = latest.current;
      Object.assign(before, { at: Date.now(), count: 0, timer: undefined });
      if (count > 1) announce(strings.messages.saidMany(count));
      else if (m) {
        announce(
          strings.messages.said(m.senderName || people.nameOf(m.senderId), (m.text ?? "").slice(0, 200)),
        );
      }
    }, wait);
  }, [messages, hasNewer, away, me, people, announce]);
  useEffect(() => () => clearTimeout(heard.current?.timer), []);
}
