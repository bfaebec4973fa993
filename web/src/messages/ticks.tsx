import type { ListedMessage } from "@parley/client/messages";
import { Check, CheckCheck, CircleAlert, Clock3, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import styles from "./row.module.css";

type Status = NonNullable<ListedMessage["status"]>;

const icons: Record<Status, LucideIcon> = {
  sending: Clock3,
  sent: Check,
  delivered: CheckCheck,
  read: CheckCheck,
  failed: CircleAlert,
};

/** How far a message of one's own has come. */
export function Ticks({ status }: { status: Status }): ReactNode {
  const Icon = icons[status];
  const label = strings.messages.status[status];
  return (
    <span className={`${styles.ticks} ${styles[status] ?? ""}`} title={label}>
      <Icon size={15} aria-hidden="true" />
      <span className="unseen">{label}</span>
    </span>
  );
}
