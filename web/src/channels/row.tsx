import { Hash, Lock } from "lucide-react";
import type { ReactNode } from "react";
import { hashOf } from "../route";
import { strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { usePerson } from "./inbox-context";
import type { Listed } from "./listed";
import { nameOf } from "./people";
import styles from "./row.module.css";

/** How a channel that is no direct one is called. */
export function titleOf(channel: Pick<Listed, "id" | "title">): string {
  return channel.title || channel.id;
}

/** A channel's row: bold while something in it is unread. */
export function ChannelRow({ channel, here }: { channel: Listed; here: boolean }): ReactNode {
  const Icon = channel.kind === "private" ? Lock : Hash;
  return (
    <Row channel={channel} here={here} name={titleOf(channel)} loud={channel.mentions} calm={channel.unread}>
      <Icon size={16} aria-hidden="true" className={styles.icon} />
      {channel.kind === "private" && <span className="unseen">{strings.channels.privateChannel}</span>}
    </Row>
  );
}

/** A direct channel's row: who the other is, and whether they are there. */
export function DirectRow({
  channel,
  other,
  here,
}: {
  channel: Listed;
  other: string;
  here: boolean;
}): ReactNode {
  const person = usePerson(other);
  return (
    <Row channel={channel} here={here} name={nameOf(person)} loud={channel.unread} calm={0}>
      <Avatar userId={other} name={person.userName} status={person.status} size={24} />
    </Row>
  );
}

function Row({
  channel,
  here,
  name,
  loud,
  calm,
  children,
}: {
  channel: Listed;
  here: boolean;
  name: string;
  loud: number;
  calm: number;
  children: ReactNode;
}): ReactNode {
  const unread = channel.unread > 0;
  return (
    <li>
      <a
        href={hashOf({ at: "channel", channelId: channel.id })}
        aria-current={here ? "page" : undefined}
        className={unread ? `${styles.row} ${styles.unread}` : styles.row}
        data-channel={channel.id}
      >
        {children}
        <span className={styles.name}>{name}</span>
        {loud > 0 ? (
          <Badge count={loud} label={strings.channels.forYou(loud)} className={styles.loud} />
        ) : (
          calm > 0 && <Badge count={calm} label={strings.channels.unread(calm)} className={styles.calm} />
        )}
      </a>
    </li>
  );
}

function Badge({
  count,
  label,
  className,
}: {
  count: number;
  label: string;
  className: string | undefined;
}): ReactNode {
  return (
    <span className={`${styles.badge} ${className}`}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="unseen">{label}</span>
    </span>
  );
}
