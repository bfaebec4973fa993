import type { ListedMessage, PendingMessage, StoredMessage } from "@parley/client/messages";
import { MessageSquareText, Pin } from "lucide-react";
import { memo, type ReactNode } from "react";
import { errorText, strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { Time } from "../ui/time";
import { Body } from "./body";
import { Edit } from "./edit";
import { LineRow } from "./line-row";
import type { Line } from "./lines";
import { isDeleted } from "./order";
import { Reactions } from "./reactions";
import styles from "./row.module.css";
import { useTalk } from "./talk";
import { Ticks } from "./ticks";
import { Toolbar } from "./toolbar";

const words = strings.messages;

export interface RowProps {
  message: ListedMessage;
  /** It goes on what the one before it began: without a name and picture. */
  goesOn: boolean;
  /** It is the first of its day. */
  newDay: boolean;
  /** It is the first that was not read. */
  isNew: boolean;
  /** What happened before the first message, and after this one. */
  before: readonly Line[];
  after: readonly Line[];
  /** It is pointed at or has the focus: show what can be done with it. */
  hot: boolean;
  /** It was jumped to. */
  flash: boolean;
  editing: boolean;
  /** In its thread's own list: the thread is not mentioned again. */
  inThread: boolean;
  onEdit: (message: StoredMessage | undefined) => void;
  onRetry: (message: PendingMessage) => void;
  onDiscard: (message: PendingMessage) => void;
}

/** One message, with what stands between it and its neighbours. */
export const Row = memo(function Row(props: RowProps): ReactNode {
  const { message, goesOn, newDay, isNew, before, after, flash } = props;
  const shows = [styles.message, goesOn && styles.goesOn, flash && styles.flash].filter(Boolean).join(" ");
  return (
    <>
      {before.map((line) => (
        <LineRow key={line.seq} line={line} />
      ))}
      {newDay && (
        <p className={styles.day}>
          <Time at={message.createdAt} as="day" />
        </p>
      )}
      {isNew && <p className={styles.new}>{words.newMessages}</p>}
      <div className={shows}>
        <Said {...props} />
      </div>
      {after.map((line) => (
        <LineRow key={line.seq} line={line} />
      ))}
    </>
  );
});

function Said({ message, goesOn, hot, editing, inThread, onEdit, onRetry, onDiscard }: RowProps): ReactNode {
  const { people } = useTalk();
  const stored = message.seq === undefined ? undefined : message;
  const name = stored?.senderName || people.nameOf(message.senderId);
  const live = stored && !isDeleted(stored) ? stored : undefined;
  return (
    <>
      <div className={styles.side}>
        {goesOn ? <Time at={message.createdAt} /> : <Avatar userId={message.senderId} name={name} />}
      </div>
      <div className={styles.main}>
        {!goesOn && (
          <p className={styles.head}>
            <bdi className={styles.name}>{name}</bdi> <Time at={message.createdAt} />
          </p>
        )}
        {live?.pinned && (
          <p className={styles.note}>
            <Pin size={13} aria-hidden="true" /> {words.pinnedBy(people.nameOf(live.pinned.userId))}
          </p>
        )}
        {!inThread && stored?.parentId !== undefined && <ReplyTo message={stored} />}
        {editing && live ? (
          <Edit message={live} onEnd={() => onEdit(undefined)} />
        ) : (
          <Content message={message} />
        )}
        {live && <Reactions message={live} />}
        {!inThread && stored?.thread && stored.thread.replies > 0 && <Replies message={stored} />}
        {message.seq === undefined && message.status === "failed" && (
          <Failed message={message} onRetry={onRetry} onDiscard={onDiscard} />
        )}
      </div>
      <div className={styles.end}>
        {message.status && !isDeleted(message) && <Ticks status={message.status} />}
      </div>
      {live && hot && !editing && <Toolbar message={live} onEdit={() => onEdit(live)} />}
    </>
  );
}

function Content({ message }: { message: ListedMessage }): ReactNode {
  const { people, slots } = useTalk();
  if (isDeleted(message)) return <p className={styles.deleted}>{words.deleted}</p>;
  const stored = message.seq === undefined ? undefined : message;
  const mentions = stored ? stored.mentions : message.seq === undefined ? message.draft.mentions : undefined;
  const other = stored && slots.body?.(stored);
  return (
    <>
      {other ?? <Body text={message.text ?? ""} calls={people.callsOf(mentions ?? [])} />}
      {stored?.editedAt !== undefined && (
        <p className={styles.note}>
          {words.edited} <Time at={stored.editedAt} as="full" />
        </p>
      )}
      {stored && slots.below?.(stored)}
    </>
  );
}

function ReplyTo({ message }: { message: StoredMessage }): ReactNode {
  const { openThread } = useTalk();
  return (
    <button type="button" className={styles.thread} onClick={() => openThread(message)}>
      <MessageSquareText size={14} aria-hidden="true" /> {words.inThread}
    </button>
  );
}

function Replies({ message }: { message: StoredMessage }): ReactNode {
  const { openThread } = useTalk();
  const { replies = 0, lastAt } = message.thread ?? {};
  return (
    <button type="button" className={styles.thread} onClick={() => openThread(message)}>
      <MessageSquareText size={14} aria-hidden="true" /> {words.replies(replies)}
      {lastAt !== undefined && (
        <span className={styles.hint}>
          {" "}
          <Time at={lastAt} as="full" />
        </span>
      )}
    </button>
  );
}

function Failed({
  message,
  onRetry,
  onDiscard,
}: {
  message: PendingMessage;
  onRetry: (message: PendingMessage) => void;
  onDiscard: (message: PendingMessage) => void;
}): ReactNode {
  return (
    <div className={styles.failed}>
      <p>{words.notSent(message.error ? errorText(message.error.code) : "")}</p>
      <Button look="quiet" onClick={() => onRetry(message)}>
        {words.retry}
      </Button>
      <Button look="quiet" onClick={() => onDiscard(message)}>
        {words.discard}
      </Button>
    </div>
  );
}
