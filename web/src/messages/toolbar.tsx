import type { StoredMessage } from "@parley/client/messages";
import { Link2, MessageSquareReply, Pencil, Pin, PinOff, SmilePlus, Trash2 } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { later } from "../ui/later";
import { Menu, type MenuItem } from "../ui/menu";
import styles from "./row.module.css";
import { useTalk } from "./talk";

const EmojiPicker = later(
  () => import("./emoji-picker"),
  (m) => m.default,
  { large: true },
);
const words = strings.messages;
const quick = ["👍", "❤️", "😂"];

/** What can be done with a message, while it is pointed at or has the focus. */
export function Toolbar({ message, onEdit }: { message: StoredMessage; onEdit: () => void }): ReactNode {
  const talk = useTalk();
  const [picking, setPicking] = useState(false);
  const own = message.senderId === talk.me;
  const items: MenuItem[] = [
    ...(own && message.body === undefined ? [{ label: words.edit, icon: Pencil, onChoose: onEdit }] : []),
    ...(talk.rights.pin
      ? [
          {
            label: message.pinned ? words.unpin : words.pin,
            icon: message.pinned ? PinOff : Pin,
            onChoose: () => talk.pin(message),
          },
        ]
      : []),
    { label: words.copyLink, icon: Link2, onChoose: () => talk.copyLink(message) },
    ...(own || talk.rights.moderate
      ? [{ label: words.delete, icon: Trash2, danger: true, onChoose: () => talk.remove(message) }]
      : []),
  ];
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={words.actions}>
      {quick.map((reaction) => (
        <button
          key={reaction}
          type="button"
          className={styles.quick}
          aria-label={words.reactWith(reaction)}
          title={words.reactWith(reaction)}
          onClick={() => talk.react(message, reaction)}
        >
          {reaction}
        </button>
      ))}
      <IconButton
        small
        icon={SmilePlus}
        label={words.react}
        aria-haspopup="dialog"
        aria-keyshortcuts="+"
        data-act="react"
        onClick={() => setPicking(true)}
      />
      <IconButton
        small
        icon={MessageSquareReply}
        label={words.reply}
        aria-keyshortcuts="r"
        onClick={() => talk.openThread(message)}
      />
      <Menu small label={words.more} items={items} />
      {picking && (
        <Suspense fallback={null}>
          <EmojiPicker
            onClose={() => setPicking(false)}
            onPick={(reaction) => {
              setPicking(false);
              talk.react(message, reaction);
            }}
          />
        </Suspense>
      )}
    </div>
  );
}
