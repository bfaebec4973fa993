import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { strings } from "../strings";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";
import { type Emoji, emoji, findEmoji } from "./emoji";
import styles from "./emoji-picker.module.css";

const words = strings.messages;

/** So many are shown of what was searched for. */
const most = 120;

/** Every emoji there is, to pick one. */
export default function EmojiPicker({
  onPick,
  onClose,
}: {
  onPick: (emoji: string) => void;
  onClose: () => void;
}): ReactNode {
  const [query, setQuery] = useState("");
  const groups = query === "" ? grouped(emoji) : [{ group: -1, all: findEmoji(query, most) }];
  const grid = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const first = groups[0]?.all[0];
  return (
    <Dialog title={words.pickEmoji} onClose={onClose}>
      <Field
        label={words.findEmoji}
        ref={field}
        type="search"
        value={query}
        autoComplete="off"
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && first) {
            event.preventDefault();
            onPick(first.emoji);
          } else if (event.key === "ArrowDown") {
            event.preventDefault();
            grid.current?.querySelector("button")?.focus();
          }
        }}
      />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between its buttons */}
      <div ref={grid} className={styles.grid} onKeyDown={moved}>
        {groups.map(({ group, all }) => (
          <section
            key={group}
            className={styles.group}
            aria-label={words.emojiGroups[group] ?? words.findEmoji}
          >
            {group >= 0 && <h3>{words.emojiGroups[group]}</h3>}
            {all.map((e) => (
              <button
                key={e.emoji}
                type="button"
                className={styles.emoji}
                aria-label={e.label}
                title={`:${e.codes[0]}:`}
                onClick={() => onPick(e.emoji)}
              >
                {e.emoji}
              </button>
            ))}
          </section>
        ))}
        {first === undefined && <p>{words.noEmoji}</p>}
      </div>
    </Dialog>
  );
}

function grouped(all: readonly Emoji[]): { group: number; all: Emoji[] }[] {
  const groups = new Map<number, Emoji[]>();
  for (const e of all) {
    const group = groups.get(e.group);
    if (group) group.push(e);
    else groups.set(e.group, [e]);
  }
  return [...groups].map(([group, of]) => ({ group, all: of }));
}

/** Left and right to the next, up and down to the one above or below. */
function moved(event: KeyboardEvent<HTMLDivElement>): void {
  const all = [...event.currentTarget.querySelectorAll("button")];
  const here = all.findIndex((b) => b.matches(":focus"));
  const from = all[here];
  if (!from) return;
  const row = (step: 1 | -1) => {
    const { left, top } = from.getBoundingClientRect();
    const rest = step > 0 ? all.slice(here + 1) : all.slice(0, here).reverse();
    return rest.find((b) => {
      const at = b.getBoundingClientRect();
      return Math.abs(at.top - top) > 4 && at.left >= left - 4 && at.left <= left + 4;
    });
  };
  const to =
    event.key === "ArrowRight"
      ? all[here + 1]
      : event.key === "ArrowLeft"
        ? all[here - 1]
        : event.key === "ArrowDown"
          ? row(1)
          : event.key === "ArrowUp"
            ? row(-1)
            : undefined;
  if (!to) return;
  event.preventDefault();
  to.focus();
}
