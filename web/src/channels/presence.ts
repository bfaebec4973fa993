import { strings } from "../strings";
import { since } from "../ui/time";
import type { Person } from "./people";

/** Whether somebody is there, or since when not; "" where nothing is known. */
export function presence({ status, lastSeen }: Person): string {
  if (status === "online" || status === "away") return strings.channels.status[status];
  if (lastSeen !== undefined) return strings.channels.header.lastSeen(since(lastSeen));
  return status === undefined ? "" : strings.channels.status.offline;
}
