import type { Client } from "@parley/client";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import type { Where } from "./concern";
import { Notifier } from "./notifier";
import { browserPlatform } from "./platform";

/** One for the page: it may name its service worker's path once. */
const platform = browserPlatform();

const NotifierContext = createContext<Notifier | undefined>(undefined);

/** Gives everything below it the notifications of the client's user. */
export function NotifyProvider({ client, children }: { client: Client; children: ReactNode }): ReactNode {
  const notifier = useMemo(() => new Notifier(client, platform), [client]);
  return <NotifierContext value={notifier}>{children}</NotifierContext>;
}

/** The notifier of the nearest provider. */
export function useNotifier(): Notifier {
  const notifier = useContext(NotifierContext);
  if (!notifier) throw new Error("there is no <NotifyProvider> above this component");
  return notifier;
}

/**
 * Has people told of messages that come while nobody looks, as long as the component is there. `where`
 * says what is known of a channel; `open` goes to a message whose notification was clicked.
 */
export function useNotifications(options: {
  where: (channelId: string) => Where;
  open: (channelId: string, id: string) => void;
}): void {
  const notifier = useNotifier();
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  useEffect(
    () =>
      notifier.start(
        (channelId) => latest.current.where(channelId),
        (channelId, id) => latest.current.open(channelId, id),
      ),
    [notifier],
  );
}
