import { useParley } from "@parley/react";
import { useEffect, useSyncExternalStore } from "react";
import type { Place } from "../route";
import { strings } from "../strings";
import { useInboxView, usePeople } from "./inbox-context";
import { otherOf } from "./listed";
import { nameOf } from "./people";
import { titleOf } from "./row";

/** Has the window's title say where one is, and how much is unread. */
export function useTitle(place: Place): void {
  const { channels } = useInboxView();
  const people = usePeople();
  const { userId } = useParley();
  const unread = channels.reduce((sum, c) => sum + c.unread, 0);
  const other = place.at === "channel" ? otherOf(place.channelId, userId) : undefined;
  const name = useSyncExternalStore(people.subscribe, () => other && nameOf(people.get(other)));
  const where = () => {
    if (place.at === "settings") return strings.settings.title;
    if (place.at === "search") return strings.channels.search;
    if (place.at !== "channel") return undefined;
    if (name !== undefined) return name;
    return `#${titleOf(channels.find((c) => c.id === place.channelId) ?? { id: place.channelId })}`;
  };
  const title = [unread > 0 && `(${unread})`, where(), where() && "·", strings.app.name]
    .filter(Boolean)
    .join(" ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
