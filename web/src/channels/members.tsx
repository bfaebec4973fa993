import { useParley, usePresence } from "@parley/react";
import { type FormEvent, type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Menu, type MenuItem } from "../ui/menu";
import { useToast } from "../ui/toast";
import { usePerson } from "./inbox-context";
import list from "./list.module.css";
import { directId } from "./listed";
import styles from "./members.module.css";
import { PersonField, useNaming } from "./naming";
import { nameOf } from "./people";
import { presence } from "./presence";
import { Profile } from "./profile";
import { Channels, type Member, type Role } from "./standing";

interface Props {
  channelId: string;
  title: string;
  /** The user's own role. */
  role: string;
  onPlace: Go;
  onClose: () => void;
}

/** Who is in a channel, and what moderators may do about them. */
export function Members({ channelId, title, role, onPlace, onClose }: Props): ReactNode {
  const { all, whole, more, reload, error } = useMembers(channelId);
  const { present } = usePresence(channelId);
  const [profile, setProfile] = useState<string>();
  const { userId: me } = useParley();
  const words = strings.channels.members;
  const guests = whole ? present.filter((p) => !all.some((m) => m.userId === p.userId)) : [];
  const rows: readonly Member[] = [
    ...all,
    ...guests.map((g) => ({ userId: g.userId, role: "" as const, muted: false, banned: false })),
  ];
  const write = (userId: string) => {
    if (me === undefined) return;
    onPlace({ at: "channel", channelId: directId(me, userId) });
    onClose();
  };
  if (profile !== undefined) {
    return (
      <Profile userId={profile} onClose={() => setProfile(undefined)} onMessage={() => write(profile)} />
    );
  }
  return (
    <Dialog title={words.title(title)} onClose={onClose} wide>
      {governs(role) && <Add channelId={channelId} onAdded={reload} />}
      {error !== undefined && <p role="alert">{errorText(error)}</p>}
      <ul className={list.list}>
        {rows.map((member) => (
          <Row
            key={member.userId}
            channelId={channelId}
            member={member}
            role={role}
            onChanged={reload}
            onProfile={() => setProfile(member.userId)}
            onWrite={() => write(member.userId)}
          />
        ))}
      </ul>
      {more && <Button onClick={more}>{words.more}</Button>}
    </Dialog>
  );
}

function governs(role: string): boolean {
  return role === "owner" || role === "moderator";
}

interface Standings {
  all: readonly Member[];
  /** No more are to be had: as long as members are missing, whoever is here may be one of them. */
  whole: boolean;
  more: (() => void) | undefined;
  reload: () => void;
  error: unknown;
}

/** The members page by page, read again when one of them changes. */
function useMembers(channelId: string): Standings {
  const client = useParley();
  const channels = useMemo(() => new Channels(client), [client]);
  const [pages, setPages] = useState(1);
  const [round, setRound] = useState(0);
  const [shown, setShown] = useState<{ all: readonly Member[]; more?: boolean; error?: unknown }>({
    all: [],
  });
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(
    () =>
      client.on("member", (event) => {
        if (event.channelId === channelId) reload();
      }),
    [client, channelId, reload],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round reads the same again
  useEffect(() => {
    let over = false;
    const read = async () => {
      const all: Member[] = [];
      let next: string | undefined;
      for (let n = 0; n < pages; n++) {
        const page = await channels.members(channelId, next);
        all.push(...page.members);
        next = page.next;
        if (next === undefined) break;
      }
      if (!over) setShown({ all, more: next !== undefined });
    };
    read().catch((error) => !over && setShown((before) => ({ ...before, error })));
    return () => {
      over = true;
    };
  }, [channels, channelId, pages, round]);
  return {
    all: shown.all,
    whole: shown.more === false || shown.error !== undefined,
    more: shown.more ? () => setPages(pages + 1) : undefined,
    reload,
    error: shown.error,
  };
}

interface RowProps {
  channelId: string;
  member: Member;
  role: string;
  onChanged: () => void;
  onProfile: () => void;
  onWrite: () => void;
}

function Row({ channelId, member, role, onChanged, onProfile, onWrite }: RowProps): ReactNode {
  const client = useParley();
  const say = useToast();
  const person = usePerson(member.userId);
  const words = strings.channels.members;
  const name = nameOf(person);
  const mine = member.userId === client.userId;
  const act = async (change: (channels: Channels) => Promise<void>) => {
    try {
      await change(new Channels(client));
      say(words.done(name));
      onChanged();
    } catch (error) {
      say(errorText(error), "bad");
    }
  };
  const set = (to: Partial<Member>) => () =>
    void act((channels) => channels.set(channelId, member.userId, { ...member, ...to }));
  const items: MenuItem[] = [{ label: strings.channels.profile.title, onChoose: onProfile }];
  if (!mine) items.push({ label: words.message, onChoose: onWrite });
  if (!mine) items.push(...deeds(member, role, set));
  if (!mine && governs(role) && member.role !== "" && (role === "owner" || !governs(member.role)))
    items.push({
      label: words.remove,
      danger: true,
      onChoose: () => void act((channels) => channels.remove(channelId, member.userId)),
    });
  const notes = [
    mine && words.you,
    words.roles[member.role],
    member.muted && words.muted,
    member.banned && words.banned,
  ].filter(Boolean);
  return (
    <li className={list.row}>
      <Avatar userId={member.userId} name={person.userName} status={person.status} size={36} />
      <span className={styles.who}>
        <button type="button" className={styles.name} onClick={onProfile}>
          {name}
        </button>
        <small>{[notes.join(", "), presence(person)].filter(Boolean).join(" · ")}</small>
      </span>
      <Menu label={words.actions(name)} items={items} />
    </li>
  );
}

/** What somebody of this role may do about a member: the server has the last word. */
function deeds(member: Member, role: string, set: (to: Partial<Member>) => () => void): MenuItem[] {
  const words = strings.channels.members;
  if (!governs(role) || (role !== "owner" && governs(member.role))) return [];
  if (member.banned) return [{ label: words.unban, onChoose: set({ banned: false }) }];
  const items: MenuItem[] = [];
  const offer = (label: string, to: Role, may: boolean) => {
    if (may && member.role !== to) items.push({ label, onChoose: set({ role: to }) });
  };
  offer(words.makeOwner, "owner", role === "owner");
  offer(words.makeModerator, "moderator", role === "owner");
  offer(words.makeMember, "member", true);
  offer(words.makeReader, "reader", true);
  items.push({ label: member.muted ? words.unmute : words.mute, onChoose: set({ muted: !member.muted }) });
  items.push({ label: words.ban, danger: true, onChoose: set({ role: "", banned: true, muted: false }) });
  return items;
}

function Add({ channelId, onAdded }: { channelId: string; onAdded: () => void }): ReactNode {
  const client = useParley();
  const naming = useNaming();
  const say = useToast();
  const words = strings.channels.members;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const userId = await naming.find();
    if (userId === undefined) return;
    try {
      const channels = new Channels(client);
      if (await channels.has(channelId, userId)) {
        naming.refuse(words.already(userId)); // and keeps the role that they have
        return;
      }
      await channels.set(channelId, userId, { role: "member", muted: false, banned: false });
      say(words.done(userId));
      naming.change("");
      onAdded();
    } catch (why) {
      naming.refuse(errorText(why));
    }
  };
  return (
    <form className={styles.add} onSubmit={(event) => void submit(event)} noValidate aria-label={words.add}>
      <PersonField naming={naming} label={words.addLabel} />
      <Button type="submit" look="primary">
        {naming.doubted ? words.addAnyway : words.addSubmit}
      </Button>
    </form>
  );
}
