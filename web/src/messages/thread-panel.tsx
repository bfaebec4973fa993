import type { Draft } from "@parley/client";
import type { PendingMessage } from "@parley/client/messages";
import { useParley } from "@parley/react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { errorText, strings } from "../strings";
import { Composer, type ComposerHandle } from "./composer";
import { List, type Listed, type ListHandle } from "./list";
import { Panel } from "./panel";
import { useTalk } from "./talk";
import { threadList } from "./thread";
import { useSend } from "./use-send";

const words = strings.messages;

/** A message, the replies to it, and where the next one is written. */
export default function ThreadPanel({ rootId, onClose }: { rootId: string; onClose: () => void }): ReactNode {
  const { channelId, me, people, slots } = useTalk();
  const more = slots.inThread?.(rootId);
  const list = useThread(channelId, rootId);
  const log = useRef<ListHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const send = useSend(channelId);
  const say = useCallback(
    (draft: Draft) => {
      log.current?.toPresent();
      return send(draft);
    },
    [send],
  );
  const { discard } = list;
  const giveUp = useCallback((message: PendingMessage) => void discard(message.nonce), [discard]);
  useEffect(() => composer.current?.focus(), []);
  const thread = (
    <>
      <List
        handle={log}
        list={list}
        label={words.threadFeed}
        inThread
        newAt={null}
        onSeen={nothing} // the cursor is the channel's, where replies stand too
        onDiscard={giveUp}
        onMissing={nothing}
        empty={<p>{list.error ? errorText(list.error.code) : strings.app.loading}</p>}
      />
      <Composer
        handle={composer}
        channelId={channelId}
        threadId={rootId}
        label={words.replyLabel}
        people={people}
        me={me}
        onSend={say}
        onUp={() => log.current?.editLast()}
        actions={more?.composerActions}
        tray={more?.tray}
      />
    </>
  );
  return (
    <Panel title={words.thread} onClose={onClose}>
      {more?.around ? more.around(thread) : thread}
    </Panel>
  );
}

function nothing(): void {}

function useThread(channelId: string, rootId: string): Listed {
  const client = useParley();
  const store = useMemo(() => {
    const list = threadList(client, channelId, rootId);
    return {
      subscribe: (listener: () => void) => list.subscribe(listener),
      snapshot: () => list.snapshot,
      actions: {
        loadOlder: () => list.loadOlder(),
        loadNewer: () => list.loadNewer(),
        jump: (around?: string | number) => list.jump(around),
        retry: (nonce: string) => list.retry(nonce),
        discard: (nonce: string) => list.discard(nonce),
      },
    };
  }, [client, channelId, rootId]);
  const view = useSyncExternalStore(store.subscribe, store.snapshot);
  return useMemo(() => ({ ...view, ...store.actions }), [view, store]);
}
