import { ParleyError } from "@parley/client";
import type { StoredMessage } from "@parley/client/messages";
import { useParley } from "@parley/react";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { type Go, hashOf } from "../route";
import { errorText, strings } from "../strings";
import { useToast } from "../ui/toast";
import type { Talk } from "./talk";

const words = strings.messages;

export interface ActionsOptions {
  channelId: string;
  /** The message that the address names. */
  at: string | undefined;
  onPlace: Go;
  /** Shows a message. */
  goTo: (messageId: string) => void;
}

/** What can be done with a message. */
export type Actions = Pick<Talk, "react" | "pin" | "change" | "remove" | "openThread" | "copyLink" | "goTo">;

/** What can be done with the messages of a conversation. What is refused is said. */
export function useActions({ channelId, at, onPlace, goTo: show }: ActionsOptions) {
  const client = useParley();
  const toast = useToast();
  const [removing, setRemoving] = useState<StoredMessage>();
  const latest = useRef({ at, show });
  useLayoutEffect(() => {
    latest.current = { at, show };
  });

  const told = useCallback(
    (done: Promise<unknown>) =>
      void done.catch((error) =>
        toast(errorText(error instanceof ParleyError ? error.code : "internal"), "bad"),
      ),
    [toast],
  );
  const react = useCallback(
    (message: StoredMessage, reaction: string) => {
      const given = message.reactions?.find((r) => r.reaction === reaction)?.userIds ?? [];
      told(client.react(channelId, message.id, reaction, !given.includes(client.userId ?? "")));
    },
    [client, channelId, told],
  );
  const pin = useCallback(
    (message: StoredMessage) => told(client.pin(channelId, message.id, !message.pinned)),
    [client, channelId, told],
  );
  const change = useCallback(
    (message: StoredMessage, text: string) => told(client.editMessage(channelId, message.id, text)),
    [client, channelId, told],
  );
  const openThread = useCallback(
    (message: StoredMessage) =>
      onPlace({ at: "channel", channelId, threadId: message.parentId ?? message.id }),
    [channelId, onPlace],
  );
  const copyLink = useCallback(
    (message: StoredMessage) => {
      const link = new URL(hashOf({ at: "channel", channelId, messageId: message.id }), location.href);
      navigator.clipboard.writeText(link.href).then(
        () => toast(words.linkCopied),
        () => toast(words.linkNotCopied(link.href), "bad"),
      );
    },
    [channelId, toast],
  );
  const goTo = useCallback(
    (messageId: string) => {
      if (latest.current.at === messageId) latest.current.show(messageId);
      else onPlace({ at: "channel", channelId, messageId });
    },
    [channelId, onPlace],
  );
  const missing = useCallback(() => toast(words.missing, "bad"), [toast]);
  const keep = useCallback(() => setRemoving(undefined), []);
  const removed = useCallback(() => {
    if (removing) told(client.deleteMessage(channelId, removing.id));
    setRemoving(undefined);
  }, [client, channelId, removing, told]);
  const acts: Actions = useMemo(
    () => ({
      react,
      pin,
      change,
      remove: (message: StoredMessage) => setRemoving(message),
      openThread,
      copyLink,
      goTo,
    }),
    [react, pin, change, openThread, copyLink, goTo],
  );
  return { acts, removing, keep, removed, missing };
}
