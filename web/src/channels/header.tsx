import { useParley, usePresence } from "@parley/react";
import { Hash, Lock, LogOut, Menu as MenuIcon, Trash2, UserRound, Users } from "lucide-react";
import { type ReactNode, Suspense, useEffect, useState } from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { IconButton } from "../ui/icon-button";
import { later } from "../ui/later";
import { Menu } from "../ui/menu";
import { useToast } from "../ui/toast";
import styles from "./header.module.css";
import { useInbox, useInboxView, usePerson } from "./inbox-context";
import { otherOf } from "./listed";
import { nameOf } from "./people";
import { presence } from "./presence";
import { titleOf } from "./row";
import { Channels } from "./standing";
import { useDeleted } from "./use-deleted";
import { useJoin } from "./use-join";

const Members = later(
  () => import("./members"),
  (m) => m.Members,
);
const Deletion = later(
  () => import("./deletion"),
  (m) => m.Deletion,
);
const ProfileDialog = later(
  () => import("./profile"),
  (m) => m.Profile,
);

export interface ChannelHeaderProps {
  channelId: string;
  onPlace: Go;
  onMenu: () => void;
  /** What calls the other one of a direct channel. */
  call?: ((userId: string, name: string) => ReactNode) | undefined;
  /** More buttons, as another feature's. */
  actions?: ReactNode;
}

/** What stands above a conversation: which it is, who is in it, and what concerns all of it. */
export function ChannelHeader({ channelId, onPlace, onMenu, call, actions }: ChannelHeaderProps): ReactNode {
  const { userId } = useParley();
  const other = otherOf(channelId, userId);
  useDeleted(channelId, onPlace);
  return (
    <header className={styles.header}>
      <MenuButton channelId={channelId} onMenu={onMenu} />
      {other === undefined ? (
        <Channel channelId={channelId} onPlace={onPlace} actions={actions} />
      ) : (
        <Direct other={other} call={call} actions={actions} />
      )}
    </header>
  );
}

/** Opens the sidebar where that is a drawer, and tells of what waits elsewhere. */
function MenuButton({ channelId, onMenu }: { channelId: string; onMenu: () => void }): ReactNode {
  const { channels } = useInboxView();
  const unread = channels.reduce((sum, c) => sum + (c.id === channelId ? 0 : c.unread), 0);
  const label = [strings.app.menu, unread > 0 && strings.channels.unread(unread)].filter(Boolean).join(", ");
  return (
    <span className={styles.menu}>
      <IconButton icon={MenuIcon} label={label} onClick={onMenu} />
      {unread > 0 && <span className={styles.dot} />}
    </span>
  );
}

/** Who the other one of a direct channel is. */
function Direct({
  other,
  call,
  actions,
}: Pick<ChannelHeaderProps, "call" | "actions"> & { other: string }): ReactNode {
  const person = usePerson(other);
  const [open, setOpen] = useState(false);
  return (
    <>
      <Avatar userId={other} name={person.userName} status={person.status} size={32} />
      <div className={styles.title}>
        <h1>{nameOf(person)}</h1>
        <Note userId={other} />
      </div>
      {call?.(other, nameOf(person))}
      {actions}
      <IconButton icon={UserRound} label={strings.channels.header.profile} onClick={() => setOpen(true)} />
      <Suspense>{open && <ProfileDialog userId={other} onClose={() => setOpen(false)} />}</Suspense>
    </>
  );
}

function Note({ userId }: { userId: string }): ReactNode {
  const person = usePerson(userId);
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((n) => n + 1), 60_000); // "5 minutes ago" does not last
    return () => clearInterval(timer);
  }, []);
  const note = [presence(person), person.custom].filter(Boolean).join(" · ");
  return note ? <p className={styles.note}>{note}</p> : null;
}

function Channel({
  channelId,
  onPlace,
  actions,
}: {
  channelId: string;
  onPlace: Go;
  actions: ReactNode;
}): ReactNode {
  const { channels, known } = useInboxView();
  const { present } = usePresence(channelId);
  const [open, setOpen] = useState<"members" | "leave" | "delete">();
  const listed = channels.find((c) => c.id === channelId);
  const title = titleOf(listed ?? { id: channelId });
  const Icon = listed?.kind === "private" ? Lock : Hash;
  const words = strings.channels.header;
  return (
    <>
      <Icon size={18} aria-hidden="true" className={styles.icon} />
      <div className={styles.title}>
        <h1>{title}</h1>
      </div>
      {known && !listed && <Join channelId={channelId} title={title} />}
      {actions}
      <button
        type="button"
        className={styles.members}
        aria-label={`${words.members}: ${words.here(present.length)}`}
        title={words.members}
        onClick={() => setOpen("members")}
      >
        <Users size={19} aria-hidden="true" />
        <span aria-hidden="true">{present.length}</span>
      </button>
      {listed && (
        <Menu
          label={words.menu}
          items={[
            { label: words.members, icon: Users, onChoose: () => setOpen("members") },
            { label: words.leave, icon: LogOut, danger: true, onChoose: () => setOpen("leave") },
            ...(listed.role === "owner"
              ? [{ label: words.delete, icon: Trash2, danger: true, onChoose: () => setOpen("delete") }]
              : []),
          ]}
        />
      )}
      <Suspense>
        {open === "members" && (
          <Members
            channelId={channelId}
            title={title}
            role={listed?.role ?? ""}
            onPlace={onPlace}
            onClose={() => setOpen(undefined)}
          />
        )}
        {open === "delete" && (
          <Deletion
            channelId={channelId}
            title={title}
            onPlace={onPlace}
            onClose={() => setOpen(undefined)}
          />
        )}
      </Suspense>
      {open === "leave" && (
        <Leave
          channelId={channelId}
          title={title}
          forGood={listed?.kind === "private"}
          onPlace={onPlace}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

/** Becomes a member: anybody may look in, members are told what is new. */
function Join({ channelId, title }: { channelId: string; title: string }): ReactNode {
  const join = useJoin(channelId);
  const say = useToast();
  const words = strings.channels.header;
  return (
    <Button look="primary" onClick={() => void join().then((done) => done && say(words.joined(title)))}>
      {words.join}
    </Button>
  );
}

function Leave({
  channelId,
  title,
  forGood,
  onPlace,
  onClose,
}: {
  channelId: string;
  title: string;
  forGood: boolean;
  onPlace: Go;
  onClose: () => void;
}): ReactNode {
  const client = useParley();
  const inbox = useInbox();
  const say = useToast();
  const words = strings.channels.header;
  const leave = async () => {
    try {
      await new Channels(client).leave(channelId);
      await inbox.reload();
      onClose();
      const nowhere = inbox.snapshot().channels.length === 0 && !forGood; // at home one would be made a member again
      if (!nowhere) onPlace({ at: "home" }, { replace: true });
    } catch (error) {
      say(errorText(error), "bad");
    }
  };
  return (
    <Dialog title={words.leaveTitle(title)} onClose={onClose} question>
      <p>{forGood ? words.leavePrivate : words.leaveText}</p>
      <DialogButtons>
        <Button onClick={onClose}>{strings.app.cancel}</Button>
        <Button look="danger" onClick={() => void leave()}>
          {words.leave}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
