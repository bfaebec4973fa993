import { useParley, useUnread } from "@parley/react";
import { Plus, Search, SquarePen } from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  Suspense,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { type Go, hashOf, type Place } from "../route";
import { strings } from "../strings";
import { Button } from "../ui/button";
import { IconButton } from "../ui/icon-button";
import { later } from "../ui/later";
import { Mark } from "../ui/mark";
import { useInbox, useInboxView } from "./inbox-context";
import { type Listed, otherOf } from "./listed";
import { Me } from "./me";
import { ChannelRow, DirectRow } from "./row";
import styles from "./sidebar.module.css";

const Browse = later(
  () => import("./browse"),
  (m) => m.Browse,
);
const Write = later(
  () => import("./write"),
  (m) => m.Write,
);

export interface SidebarProps {
  place: Place;
  onPlace: Go;
  /** It is open, on a screen that has room for one thing. */
  drawer: boolean;
  onDrawer: (open: boolean) => void;
  onSwitch: () => void;
  /** There is a search to go to. */
  searchable: boolean;
}

/** The user's channels and direct messages, and who they are themselves. */
export function Sidebar({ place, onPlace, drawer, onDrawer, onSwitch, searchable }: SidebarProps): ReactNode {
  const [adding, setAdding] = useState<"channel" | "direct">();
  const side = useDrawerFocus(drawer);
  const escaped = (event: KeyboardEvent) => {
    const inDialog = event.target instanceof Element && event.target.closest("dialog, [popover]");
    if (event.key === "Escape" && drawer && !inDialog) onDrawer(false);
  };
  /** Also a link to where one is already. */
  const clicked = ({ target }: MouseEvent) => {
    if (target instanceof Element && target.closest("a")) onDrawer(false);
  };
  const words = strings.channels;
  const close = () => setAdding(undefined);
  return (
    <>
      {drawer && <div className={styles.shade} aria-hidden="true" onClick={() => onDrawer(false)} />}
      <aside
        ref={side}
        id="side"
        tabIndex={-1}
        className={drawer ? `${styles.side} ${styles.open}` : styles.side}
        aria-label={words.sidebar}
        onKeyDown={escaped}
        onClick={clicked}
      >
        <div className={styles.brand}>
          <Mark />
          <span>{strings.app.name}</span>
          {searchable && (
            <a
              className={styles.search}
              href={hashOf({ at: "search", query: "" })}
              aria-label={words.search}
              title={words.search}
            >
              <Search size={19} aria-hidden="true" />
            </a>
          )}
        </div>
        <button type="button" className={styles.jump} onClick={onSwitch}>
          <span>{words.jump}</span>
          <span aria-hidden="true" className={styles.key}>
            {/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K"}
          </span>
        </button>
        <Lists place={place} onAdd={setAdding} />
        <Me />
      </aside>
      <Suspense>
        {adding === "channel" && <Browse onPlace={onPlace} onClose={close} />}
        {adding === "direct" && <Write onPlace={onPlace} onClose={close} />}
      </Suspense>
    </>
  );
}

/** The focus goes into the drawer with the person, and out of it again. */
function useDrawerFocus(drawer: boolean): RefObject<HTMLElement | null> {
  const side = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!drawer) return;
    const before = document.activeElement;
    side.current?.focus();
    return () => {
      if (!side.current?.contains(document.activeElement)) return;
      const back = before?.isConnected ? before : document.getElementById("main");
      if (back instanceof HTMLElement) back.focus();
    };
  }, [drawer]);
  return side;
}

function Lists({ place, onAdd }: { place: Place; onAdd: (what: "channel" | "direct") => void }): ReactNode {
  const inbox = useInbox();
  const { channels, known, error } = useInboxView();
  const { userId } = useParley();
  const ids = useMemo(() => channels.map((c) => c.id).sort(), [channels]);
  useUnread(ids); // joins them all, so that they are told of
  const here = place.at === "channel" ? place.channelId : undefined;
  const words = strings.channels;
  const all = withGuest(channels, here, known);
  const direct = all.filter((c) => c.kind === "direct");
  const others = all.filter((c) => c.kind !== "direct");
  return (
    <nav className={styles.lists} aria-label={words.channels}>
      <Section
        title={words.channels}
        add={words.add}
        icon={Plus}
        onAdd={() => onAdd("channel")}
        channels={others}
        here={here}
        row={(channel, at) => <ChannelRow key={channel.id} channel={channel} here={at} />}
      />
      {known && others.length === 0 && <p className={styles.none}>{words.none}</p>}
      <Section
        title={words.direct}
        add={words.write}
        icon={SquarePen}
        onAdd={() => onAdd("direct")}
        channels={direct}
        here={here}
        row={(channel, at) => (
          <DirectRow
            key={channel.id}
            channel={channel}
            other={otherOf(channel.id, userId) ?? channel.id}
            here={at}
          />
        )}
      />
      {known && direct.length === 0 && <p className={styles.none}>{words.noDirect}</p>}
      {error && !known && (
        <div className={styles.none}>
          <p>{words.failed}</p>
          <Button onClick={() => void inbox.reload()}>{strings.app.retry}</Button>
        </div>
      )}
    </nav>
  );
}

/** Where somebody is without being a member is a row too, the last one. */
function withGuest(channels: readonly Listed[], here: string | undefined, known: boolean): readonly Listed[] {
  if (here === undefined || !known || channels.some((c) => c.id === here)) return channels;
  const kind = here.startsWith("dm:") ? "direct" : "open";
  return [...channels, { id: here, kind, role: "", unread: 0, mentions: 0, read: 0, activeAt: "" }];
}

/** So many rows are shown unless all are asked for, and those in which something is unread. */
const few = 30;

function Section({
  title,
  add,
  icon,
  onAdd,
  channels,
  here,
  row,
}: {
  title: string;
  add: string;
  icon: typeof Plus;
  onAdd: () => void;
  channels: readonly Listed[];
  here: string | undefined;
  row: (channel: Listed, here: boolean) => ReactNode;
}): ReactNode {
  const [whole, setWhole] = useState(false);
  const words = strings.channels;
  const shown = channels.filter((c, i) => whole || i < few || c.unread > 0 || c.id === here);
  return (
    <section aria-label={title}>
      <div className={styles.head}>
        <h2>{title}</h2>
        <IconButton icon={icon} label={add} small onClick={onAdd} />
      </div>
      <ul>{shown.map((channel) => row(channel, channel.id === here))}</ul>
      {(whole || shown.length < channels.length) && (
        <button type="button" className={styles.more} onClick={() => setWhole(!whole)}>
          {whole ? words.fewer : words.all(channels.length)}
        </button>
      )}
    </section>
  );
}
