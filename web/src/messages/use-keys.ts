import type { StoredMessage } from "@parley/client/messages";
import {
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { canEdit, type Listed } from "./list";
import { isDeleted } from "./order";
import { useTalk } from "./talk";
import type { Window } from "./use-window";

/**
 * The keys of a list: the arrows, Home and End go from message to message; on one,
 * `r` answers, `e` edits, `p` pins, `c` copies its link, `+` reacts, Delete deletes.
 */
export function useKeys({
  list,
  view,
  scroller,
  onEdit,
}: {
  list: Listed;
  view: Window;
  scroller: RefObject<HTMLDivElement | null>;
  onEdit: (message: StoredMessage) => void;
}) {
  const talk = useTalk();
  const { messages } = list;
  const [active, setActive] = useState<string>(); // the key of the message that the focus is in, or was
  const [inside, setInside] = useState(false); // the focus is in the list
  const wanted = useRef<number>(undefined); // the row that is to have the focus as soon as it is in the page
  const here = view.rows.some((index) => messages[index]?.key === active);

  const focusOn = (index: number) => {
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
    row?.focus({ preventScroll: true });
    return row !== null && row !== undefined;
  };
  useLayoutEffect(() => {
    if (wanted.current !== undefined && focusOn(wanted.current)) wanted.current = undefined;
  });
  const go = (index: number) => {
    if (index < 0 || index >= messages.length) return;
    view.show(index);
    if (!focusOn(index)) wanted.current = index;
  };

  const focused = (event: FocusEvent<HTMLElement>) => {
    if (event.target === scroller.current) {
      const seen = view.seen();
      if (seen) go(seen.last);
      return;
    }
    setInside(true);
    setActive(event.target.closest<HTMLElement>("[data-key]")?.dataset.key);
  };

  const blurred = (event: FocusEvent<HTMLElement>) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setInside(false);
  };

  const act = (key: string, message: StoredMessage, row: HTMLElement): boolean => {
    const own = message.senderId === talk.me;
    if (key === "r") talk.openThread(message);
    else if (key === "c") talk.copyLink(message);
    else if (key === "+") row.querySelector<HTMLElement>('[data-act="react"]')?.click();
    else if (key === "e" && own && canEdit(message)) onEdit(message);
    else if (key === "p" && talk.rights.pin) talk.pin(message);
    else if (key === "Delete" && (own || talk.rights.moderate)) talk.remove(message);
    else return false;
    return true;
  };

  const pressed = (event: KeyboardEvent<HTMLElement>) => {
    const row = event.target instanceof HTMLElement ? event.target : undefined;
    const index = row?.dataset.index === undefined ? undefined : Number(row.dataset.index);
    if (!row || index === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const message = messages[index];
    if (event.key === "ArrowDown") go(index + 1);
    else if (event.key === "ArrowUp") go(index - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(messages.length - 1);
    else if (message?.seq === undefined || isDeleted(message) || !act(event.key, message, row)) return;
    event.preventDefault();
  };

  return { active: here ? active : undefined, inside, focused, blurred, pressed };
}
