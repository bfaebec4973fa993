import type { Draft } from "@parley/client";
import type { PendingMessage, StoredMessage } from "@parley/client/messages";
import { useChannel, useReadReceipts, useUnread } from "@parley/react";
import {
  memo,
  type ReactNode,
  type Ref,
  type RefObject,
  Suspense,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { later } from "../ui/later";
import { Composer, type ComposerHandle } from "./composer";
import styles from "./conversation.module.css";
import { List, type ListHandle } from "./list";
import { PinsBar, usePins } from "./pins";
import { Removal } from "./removal";
import type { Slots } from "./slots";
import { TalkContext } from "./talk";
import { TypingLine } from "./typing-line";
import { useActions } from "./use-actions";
import { useLog } from "./use-log";
import { useSend } from "./use-send";
import { useTalkOf } from "./use-talk-of";

export type { Slots } from "./slots";

const PinsPanel = later(
  () => import("./pins-panel"),
  (m) => m.default,
);
const ThreadPanel = later(
  () => import("./thread-panel"),
  (m) => m.default,
);
const words = strings.messages;

export interface ConversationProps {
  channelId: string;
  /** The message to jump to. */
  at?: string | undefined;
  /** The message whose thread is open. */
  thread?: string | undefined;
  onPlace: Go;
  slots: Slots;
}

/** A channel's messages, and where the next one is written. */
export const Conversation = memo(function Conversation(props: ConversationProps): ReactNode {
  const { channelId, at, thread, onPlace, slots } = props;
  const { list, newAt, lines } = useLog(channelId, at);
  const { role, error } = useChannel(channelId);
  const log = useRef<ListHandle>(null);
  const composer = useComposer(at);
  const pins = usePins(channelId);
  const [showPins, setShowPins] = useState(false);
  const actions = useActions({ channelId, at, onPlace, goTo: (id) => log.current?.goTo(id) });
  const talk = useTalkOf({ channelId, slots, role, messages: list.messages, acts: actions.acts });
  const narrow = useNarrow();
  const covered = narrow && (thread !== undefined || showPins); // by a panel, which is a page of its own there
  const reader = useRef<ReaderHandle>(null);
  const seen = useCallback((m: StoredMessage) => covered || reader.current?.mark(m), [covered]);
  const say = useSaying(channelId, log);
  const { discard } = list;
  const giveUp = useCallback((m: PendingMessage) => void discard(m.nonce), [discard]);
  const editLast = useCallback(() => log.current?.editLast(), []);
  const close = () => {
    if (thread === undefined) setShowPins(false);
    else onPlace({ at: "channel", channelId });
    focusByMouse(composer);
  };
  return (
    <TalkContext value={talk}>
      <Reader handle={reader} channelId={channelId} />
      <div className={styles.conversation}>
        <div className={styles.whole} inert={covered}>
          {slots.header}
          <PinsBar pins={pins} open={showPins} onToggle={() => setShowPins(!showPins)} />
          <section className={styles.log} aria-label={words.list}>
            <List
              handle={log}
              list={list}
              label={words.feed}
              lines={lines}
              at={at}
              newAt={error ? (newAt ?? null) : newAt}
              present={<News channelId={channelId} />}
              onSeen={seen}
              onDiscard={giveUp}
              onMissing={actions.missing}
              empty={<p>{error ? errorText(error.code) : words.empty}</p>}
            />
          </section>
          <TypingLine channelId={channelId} />
          <Composer
            handle={composer}
            channelId={channelId}
            label={words.write}
            people={talk.people}
            me={talk.me}
            onSend={say}
            onUp={editLast}
            actions={slots.composerActions}
            tray={slots.tray}
          />
        </div>
        <Suspense fallback={null}>
          {thread !== undefined && <ThreadPanel key={thread} rootId={thread} onClose={close} />}
          {thread === undefined && showPins && (
            <PinsPanel pins={pins} onClose={close} onGo={() => narrow && close()} />
          )}
        </Suspense>
        {actions.removing && <Removal onKeep={actions.keep} onRemove={actions.removed} />}
      </div>
    </TalkContext>
  );
});

/** The composer, which has the focus of who comes with a mouse, unless they look for a message. */
function useComposer(at: string | undefined): RefObject<ComposerHandle | null> {
  const composer = useRef<ComposerHandle>(null);
  useEffect(() => {
    if (at === undefined) focusByMouse(composer);
  }, [at]);
  return composer;
}

/** On a phone the focus would bring the keyboard up. */
function focusByMouse(composer: RefObject<ComposerHandle | null>): void {
  if (matchMedia("(pointer: fine)").matches) composer.current?.focus();
}

/** Sends what was written, and shows where it will stand. */
function useSaying(channelId: string, log: RefObject<ListHandle | null>) {
  const send = useSend(channelId);
  return useCallback(
    (draft: Draft) => {
      log.current?.toPresent();
      return send(draft);
    },
    [log, send],
  );
}

/** How much is new, for who is away from the end. */
function News({ channelId }: { channelId: string }): ReactNode {
  const unread = useUnread(channelId) ?? 0;
  return unread > 0 ? words.toNew(unread) : words.toPresent;
}

interface ReaderHandle {
  /** Marks as read everything up to a message. */
  mark(message: StoredMessage): void;
}

/** Marks what was read. That others read makes this render, and nothing that is seen. */
function Reader({ channelId, handle }: { channelId: string; handle: Ref<ReaderHandle> }): ReactNode {
  const { mark } = useReadReceipts(channelId);
  useImperativeHandle(handle, () => ({ mark }), [mark]);
  return null;
}

const width = "(max-width: 900px)";

/** A panel takes the whole page: see panel.module.css. */
function useNarrow(): boolean {
  return useSyncExternalStore(onWidth, () => matchMedia(width).matches);
}

function onWidth(changed: () => void): () => void {
  const query = matchMedia(width);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}
