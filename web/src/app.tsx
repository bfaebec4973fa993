import type { Client } from "@parley/client";
import { ParleyProvider, useConnection, useParley } from "@parley/react";
import {
  memo,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import styles from "./app.module.css";
import { CallButton } from "./calls/call-button";
import { Calls } from "./calls/calls";
import { Line } from "./calls/line";
import { ChannelHeader } from "./channels/header";
import { Home } from "./channels/home";
import { InboxProvider, useInboxView } from "./channels/inbox-context";
import { ChannelName } from "./channels/name";
import { Offline } from "./channels/offline";
import { useShortcuts } from "./channels/shortcuts";
import { Sidebar } from "./channels/sidebar";
import { useTitle } from "./channels/use-title";
import { AttachButton } from "./files/attach-button";
import { Attachment } from "./files/attachment";
import { FileZone, useStrayFiles } from "./files/file-zone";
import { fileOf } from "./files/shared";
import { Tray } from "./files/tray";
import { Viewer } from "./files/viewer";
import { Conversation } from "./messages/conversation";
import { NotifyProvider, useNotifications, useNotifier } from "./notify/use-notifications";
import { type Go, type Place, usePlace } from "./route";
import { SessionProvider, useSession } from "./session/context";
import type { Session } from "./session/session";
import { SignIn } from "./session/sign-in";
import { strings } from "./strings";
import { Announcer } from "./ui/announcer";
import { Broken } from "./ui/broken";
import { later, loadAhead } from "./ui/later";
import { Modals } from "./ui/modal";
import { Toasts } from "./ui/toast";

const Settings = later(
  () => import("./session/settings"),
  (m) => m.Settings,
);
const NotifySettings = later(
  () => import("./notify/settings"),
  (m) => m.NotifySettings,
);
const Preview = later(
  () => import("./previews/preview"),
  (m) => m.Preview,
);
const SearchPanel = later(
  () => import("./search/panel"),
  (m) => m.SearchPanel,
);
const Switcher = later(
  () => import("./channels/switcher"),
  (m) => m.Switcher,
);

/** The chat: who is not signed in is asked who they are. */
export function App({ session }: { session: Session }): ReactNode {
  const { client, error } = useSyncExternalStore(session.subscribe, session.snapshot);
  return (
    <SessionProvider session={session}>
      <Announcer>
        <Toasts>
          <Modals>
            <Broken>{client ? <Chat client={client} /> : <SignIn error={error} />}</Broken>
          </Modals>
        </Toasts>
      </Announcer>
    </SessionProvider>
  );
}

/** What somebody who is signed in sees. It puts the features together, which do not know each other. */
function Chat({ client }: { client: Client }): ReactNode {
  return (
    <ParleyProvider client={client}>
      <InboxProvider client={client}>
        <NotifyProvider client={client}>
          <Background />
          <Shell />
          <Viewer />
          <Calls />
        </NotifyProvider>
      </InboxProvider>
    </ParleyProvider>
  );
}

/** How long after the first connection the rest of the page is loaded, in milliseconds: what is shown comes first. */
const quiet = 2000;

function useLoadAhead(): void {
  const { state } = useConnection();
  useEffect(() => {
    if (state !== "connected") return;
    const timer = setTimeout(() => void loadAhead(), quiet);
    return () => clearTimeout(timer);
  }, [state]);
}

/** The sidebar, and the place that somebody is at. */
function Shell(): ReactNode {
  const [place, go] = usePlace();
  const [drawer, setDrawer] = useState(false);
  const [switching, setSwitching] = useState(false);
  const openSwitcher = useCallback(() => setSwitching(true), []);
  const openDrawer = useCallback(() => setDrawer(true), []);
  useConnection(); // everything below is drawn again when it is known who one is
  useShortcuts({ onSwitch: openSwitcher, onPlace: go });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever goes somewhere has no more use for the drawer
  useEffect(() => setDrawer(false), [place]);
  return (
    <>
      <button type="button" className={styles.skip} onClick={skip}>
        {strings.app.skip}
      </button>
      <div className={styles.app}>
        <Sidebar
          place={place}
          onPlace={go}
          drawer={drawer}
          onDrawer={setDrawer}
          onSwitch={openSwitcher}
          searchable
        />
        <main id="main" tabIndex={-1} inert={drawer} className={styles.main}>
          <Offline />
          <Broken key={place.at === "channel" ? place.channelId : place.at}>
            <Suspense>
              {place.at === "home" && <Home onPlace={go} />}
              {place.at === "search" && (
                <SearchPanel
                  query={place.query}
                  onPlace={go}
                  onMenu={openDrawer}
                  channel={(id) => <ChannelName channelId={id} />}
                />
              )}
              {place.at === "settings" && <Settings onMenu={openDrawer} notifications={<Notifications />} />}
              {place.at === "channel" && <Talk place={place} onPlace={go} onMenu={openDrawer} />}
            </Suspense>
          </Broken>
        </main>
      </div>
      <Suspense>{switching && <Switcher onPlace={go} onClose={() => setSwitching(false)} />}</Suspense>
    </>
  );
}

/** What goes on beside what is shown. Each message is news to it, and nothing is drawn anew for that. */
function Background(): ReactNode {
  const [place, go] = usePlace();
  useTitle(place);
  useTelling(go);
  useFarewells();
  useLoadAhead();
  useStrayFiles();
  return null;
}

/** Whoever signs out is not told of messages any more, and heard by nobody. */
function useFarewells(): void {
  const session = useSession();
  const client = useParley();
  const { device } = useNotifier();
  useEffect(() => session.beforeSignOut(() => device.turnOff()), [session, device]);
  useEffect(() => session.beforeSignOut(async () => Line.of(client).hangUp()), [session, client]);
}

/** Tells of messages while nobody looks. */
function useTelling(go: Go): void {
  const { channels } = useInboxView();
  useNotifications({
    where(channelId) {
      const { kind, title } = channels.find((c) => c.id === channelId) ?? {};
      return {
        kind: kind ?? (channelId.startsWith("dm:") ? "direct" : "open"),
        ...(title !== undefined && { title }),
      };
    },
    open: (channelId, messageId) => go({ at: "channel", channelId, messageId }),
  });
}

/** What the person is told of, channel by channel. */
function Notifications(): ReactNode {
  const { channels } = useInboxView();
  return (
    <NotifySettings channels={channels.map((c) => c.id)} name={(id) => <ChannelName channelId={id} />} />
  );
}

/** A conversation, with what the other features put into it. It is not rendered again because something is unread elsewhere. */
const Talk = memo(function Talk({
  place: { channelId, messageId, threadId },
  onPlace,
  onMenu,
}: {
  place: Place & { at: "channel" };
  onPlace: Go;
  onMenu: () => void;
}): ReactNode {
  useConnection(); // as the shell, it is drawn again when it is known who one is
  return (
    <FileZone key={channelId} channelId={channelId}>
      <Conversation
        channelId={channelId}
        at={messageId}
        thread={threadId}
        onPlace={onPlace}
        slots={{
          header: (
            <ChannelHeader
              channelId={channelId}
              onPlace={onPlace}
              onMenu={onMenu}
              call={(userId, name) => <CallButton userId={userId} name={name} />}
            />
          ),
          tray: <Tray channelId={channelId} />,
          composerActions: <AttachButton channelId={channelId} />,
          inThread: (rootId) => ({
            tray: <Tray channelId={channelId} parentId={rootId} />,
            composerActions: <AttachButton channelId={channelId} parentId={rootId} />,
            around: (thread) => (
              <FileZone channelId={channelId} parentId={rootId}>
                {thread}
              </FileZone>
            ),
          }),
          body: (message) => fileOf(message) && <Attachment message={message} />,
          ...(previewed() && {
            below: (message) => (
              <Suspense>
                <Preview message={message} />
              </Suspense>
            ),
          }),
        }}
      />
    </FileZone>
  );
});

/** Whether this server says what links lead to. */
function previewed(): boolean {
  return document.documentElement.hasAttribute("data-previews");
}

/** Goes to where one writes, or else to the place's beginning. A link could not: the hash says where one is. */
function skip(): void {
  const main = document.getElementById("main");
  (main?.querySelector<HTMLElement>("textarea") ?? main)?.focus();
}
