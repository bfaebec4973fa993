import type { ListedMessage, PendingMessage, StoredMessage } from "@parley/client/messages";
import type { Messages } from "@parley/react";
import { ArrowDown } from "lucide-react";
import {
  type ReactNode,
  type Ref,
  useCallback,
  useImperativeHandle,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { strings } from "../strings";
import { Item } from "./item";
import { LineRow } from "./line-row";
import type { Line, Lines } from "./lines";
import styles from "./list.module.css";
import { goesOn, indexOf, isDeleted, placeOf, startsDay } from "./order";
import { useTalk } from "./talk";
import { useKeys } from "./use-keys";
import { useReading } from "./use-reading";
import { useWindow, type Window } from "./use-window";

const words = strings.messages;

/** The list of a conversation, or of one thread. */
export type Listed = Pick<
  Messages,
  | "messages"
  | "hasOlder"
  | "hasNewer"
  | "loading"
  | "error"
  | "loadOlder"
  | "loadNewer"
  | "jump"
  | "retry"
  | "discard"
>;

/** What others may do with a list. */
export interface ListHandle {
  /** Shows the end of the log, and stays with it. */
  toPresent(): void;
  /** Shows a message, wherever in the channel it is. */
  goTo(messageId: string): void;
  /** Begins to edit the person's last message, if there is one. */
  editLast(): void;
}

export interface ListProps {
  list: Listed;
  label: string;
  /** What else happened, between the messages. */
  lines?: Lines;
  /** The message to go to. */
  at?: string | undefined;
  /** The seq of the first message that is new to the person; null: there is none; undefined: it is not known yet. */
  newAt: number | null | undefined;
  /** What the button to the present says. */
  present?: ReactNode;
  inThread?: boolean;
  /** The message to go to is not there. */
  onMissing: () => void;
  /** Told of the farthest message that was seen. */
  onSeen: (message: StoredMessage) => void;
  onDiscard: (message: PendingMessage) => void;
  /** What is shown where there is no message. */
  empty: ReactNode;
  handle?: Ref<ListHandle>;
}

/**
 * Messages, of which only those in view are in the page. It stays where it is
 * while it grows at either end, and with the end only while that is in view.
 */
export function List(props: ListProps): ReactNode {
  const { list, label, lines, at, newAt, present = words.toPresent, inThread = false } = props;
  const { onMissing, onSeen, onDiscard, empty, handle } = props;
  const { messages } = list;
  const [scroller, sizer] = [useRef<HTMLDivElement>(null), useRef<HTMLDivElement>(null)];
  const [hot, setHot] = useState<string>();
  const [editing, setEditing] = useState<StoredMessage>();
  const firstNew = typeof newAt === "number" ? placeOf(messages, newAt) : newAt;
  const kept = editing && placeIn(messages, editing);
  const view = useWindow({ list, scroller, sizer, kept, at, firstNew, onMissing });
  const keys = useKeys({ list, view, scroller, onEdit: setEditing });
  const between = useLines(lines);
  useReading({ list, view, lines, onSeen });
  useHandle({ handle, messages, view, onEdit: setEditing });
  const { retry } = list;
  const again = useCallback((m: PendingMessage) => void retry(m.nonce).catch(() => {}), [retry]);
  return (
    <div className={styles.area}>
      <div
        ref={scroller}
        role="feed"
        aria-label={label}
        aria-busy={list.loading}
        tabIndex={keys.active === undefined ? 0 : -1}
        className={styles.scroller}
        onKeyDown={keys.pressed}
        onFocus={keys.focused}
        onBlur={keys.blurred}
        onPointerLeave={() => setHot(undefined)}
      >
        {messages.length === 0 && !list.loading && <Silence empty={empty} lines={between(0, undefined)} />}
        <div ref={sizer} className={styles.sizer}>
          {withKept(view.rows, kept).map((index) => {
            const message = messages[index];
            if (!message) return null;
            const { key } = message;
            return (
              <Item
                key={key}
                index={index}
                active={keys.active === key}
                measure={view.measure}
                onHot={setHot}
                message={message}
                {...apart(list, index, between, index === firstNew && message.seq === newAt)}
                hot={hot === key || (keys.inside && keys.active === key)}
                flash={view.flash === key}
                editing={editing?.key === key}
                inThread={inThread}
                onEdit={setEditing}
                onRetry={again}
                onDiscard={onDiscard}
              />
            );
          })}
        </div>
      </div>
      {list.loading && <p className={styles.loading}>{strings.app.loading}</p>}
      {view.away && messages.length > 0 && (
        <button type="button" className={styles.present} onClick={view.toPresent}>
          <ArrowDown size={16} aria-hidden="true" /> {present}
        </button>
      )}
    </div>
  );
}

/** A log in which nobody has said anything, though something else may have happened. */
function Silence({ empty, lines }: { empty: ReactNode; lines: readonly Line[] }): ReactNode {
  return (
    <>
      <div className={styles.empty}>{empty}</div>
      {lines.length > 0 && (
        <div className={styles.lines}>
          {lines.map((line) => (
            <LineRow key={line.seq} line={line} />
          ))}
        </div>
      )}
    </>
  );
}

export function canEdit(m: ListedMessage): m is StoredMessage {
  return m.seq !== undefined && !isDeleted(m) && m.body === undefined;
}

/**
 * The person's last message that can be edited. None while a newer one is on
 * its way: that is the one they mean, and it has no id yet.
 */
export function lastToEdit(messages: readonly ListedMessage[], me: string): StoredMessage | undefined {
  const last = messages.findLast((m) => m.senderId === me && (canEdit(m) || m.status === "sending"));
  return last && canEdit(last) ? last : undefined;
}

function placeIn(messages: readonly ListedMessage[], message: ListedMessage): number | undefined {
  const i = indexOf(messages, message);
  return i < 0 ? undefined : i;
}

function withKept(rows: readonly number[], kept: number | undefined): readonly number[] {
  if (kept === undefined || rows.includes(kept)) return rows;
  return kept < (rows[0] ?? 0) ? [kept, ...rows] : [...rows, kept];
}

/** What stands between a message and its neighbours. */
function apart({ messages, hasOlder, hasNewer }: Listed, index: number, between: Between, isNew: boolean) {
  const [one, message, next] = [messages[index - 1], messages[index], messages[index + 1]];
  if (!message) return { goesOn: false, newDay: false, isNew, before: none, after: none };
  const atTop = one === undefined && !hasOlder;
  const earlier = one || atTop ? between(one?.seq ?? 0, message.seq) : none;
  return {
    goesOn: !isNew && earlier.length === 0 && goesOn(one, message),
    newDay: startsDay(one, message, hasOlder),
    isNew,
    before: atTop ? earlier : none,
    after: next || !hasNewer ? between(message.seq, next?.seq) : none,
  };
}

const none: readonly Line[] = [];
const nothing = { subscribe: () => () => {}, snapshot: () => none };

/** The lines between two seqs; none where the first of them is not known. */
type Between = (after: number | undefined, before: number | undefined) => readonly Line[];

function useLines(lines: Lines | undefined): Between {
  const { subscribe, snapshot } = lines ?? nothing;
  useSyncExternalStore(subscribe, snapshot);
  return (after, before = Number.POSITIVE_INFINITY) =>
    lines && after !== undefined ? lines.between(after, before) : none;
}

function useHandle({
  handle,
  messages,
  view,
  onEdit,
}: {
  handle: Ref<ListHandle> | undefined;
  messages: readonly ListedMessage[];
  view: Window;
  onEdit: (message: StoredMessage) => void;
}): void {
  const { me } = useTalk();
  useImperativeHandle(handle, () => ({
    toPresent: view.toPresent,
    goTo: view.goTo,
    editLast() {
      const last = lastToEdit(messages, me);
      if (!last) return;
      onEdit(last);
      view.show(indexOf(messages, last));
    },
  }));
}
