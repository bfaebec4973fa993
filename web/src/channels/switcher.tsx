import { useParley } from "@parley/react";
import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react";
import type { Go } from "../route";
import { strings } from "../strings";
import { Dialog } from "../ui/dialog";
import { useInboxView, usePeople } from "./inbox-context";
import { directId, otherOf } from "./listed";
import { nameOf } from "./people";
import { titleOf } from "./row";
import styles from "./switcher.module.css";

interface Found {
  channelId: string;
  name: string;
  /** What no other has: the channel's id, or the person's. */
  id: string;
  kind: "channel" | "person";
}

/** So many are shown. */
const most = 8;

/** Goes to a channel or a person by a few letters. */
export function Switcher({ onPlace, onClose }: { onPlace: Go; onClose: () => void }): ReactNode {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const all = useEverything();
  const found = useMemo(() => matching(all, text).slice(0, most), [all, text]);
  const at = Math.min(chosen, Math.max(0, found.length - 1));
  const words = strings.channels.switcher;

  const open = (one: Found | undefined) => {
    if (!one) return;
    onClose();
    onPlace({ at: "channel", channelId: one.channelId });
  };
  const keyed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") open(found[at]);
    else if (step !== undefined && found.length > 0) setChosen((at + step + found.length) % found.length);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title={words.title} onClose={onClose}>
      <input
        className={styles.input}
        role="combobox"
        aria-label={words.label}
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={found.length > 0 ? `${id}-${at}` : undefined}
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={keyed}
      />
      <div id={id} role="listbox" aria-label={words.title} className={styles.list}>
        {found.map((one, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the combobox
          <div
            key={one.channelId}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            className={styles.option}
            onClick={() => open(one)}
          >
            <span aria-hidden="true">{one.kind === "channel" ? "#" : "@"}</span>
            <bdi>{one.name}</bdi>
            {one.name !== one.id && <small>{one.id}</small>}
          </div>
        ))}
      </div>
      <p role="status" className={found.length > 0 ? "unseen" : styles.none}>
        {found.length > 0 ? words.found(found.length) : words.none}
      </p>
    </Dialog>
  );
}

/** The user's channels, and everybody who was met. */
function useEverything(): readonly Found[] {
  const { channels } = useInboxView();
  const people = usePeople();
  const { userId: me } = useParley();
  return useMemo(() => {
    const listed = channels.map(({ id, title }): Found => {
      const other = otherOf(id, me);
      if (other === undefined)
        return { channelId: id, name: titleOf(title ? { id, title } : { id }), id, kind: "channel" };
      return { channelId: id, name: nameOf(people.get(other)), id: other, kind: "person" };
    });
    if (me === undefined) return listed;
    const here = new Set(listed.map((one) => one.channelId));
    const others = people.known
      .filter(({ userId }) => userId !== me)
      .map(
        (p): Found => ({
          channelId: directId(me, p.userId),
          name: nameOf(p),
          id: p.userId,
          kind: "person",
        }),
      )
      .filter((one) => !here.has(one.channelId));
    return [...listed, ...others];
  }, [channels, people, me]);
}

/** Those whose name or id has the letters in it in their order, the closest first. */
export function matching<One extends { name: string; id: string }>(all: readonly One[], text: string): One[] {
  const wanted = text.trim().toLowerCase().replace(/^[#@]/, "");
  if (wanted === "") return [...all];
  return all
    .map((one) => ({
      one,
      rank: Math.min(...[one.name, one.id].map((n) => rankOf(n.toLowerCase(), wanted))),
    }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one);
}

/** 0: begins with it; 1: a word of it does; 2: it is in it; 3: its letters are, in their order; else infinite. */
function rankOf(name: string, wanted: string): number {
  if (name.startsWith(wanted)) return 0;
  if (name.split(/[\s._-]+/u).some((word) => word.startsWith(wanted))) return 1;
  if (name.includes(wanted)) return 2;
  let from = 0;
  for (const letter of wanted) {
    from = name.indexOf(letter, from) + 1;
    if (from === 0) return Number.POSITIVE_INFINITY;
  }
  return 3;
}
