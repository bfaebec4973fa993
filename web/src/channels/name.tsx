import { useParley } from "@parley/react";
import type { ReactNode } from "react";
import { useInboxView, usePerson } from "./inbox-context";
import { otherOf } from "./listed";
import { nameOf } from "./people";
import { titleOf } from "./row";

/** How a channel is called, or who the other one is. */
export function ChannelName({ channelId }: { channelId: string }): ReactNode {
  const { userId } = useParley();
  const { channels } = useInboxView();
  const other = otherOf(channelId, userId);
  if (other !== undefined) return <PersonName userId={other} />;
  return `#${titleOf(channels.find((c) => c.id === channelId) ?? { id: channelId })}`;
}

function PersonName({ userId }: { userId: string }): ReactNode {
  return nameOf(usePerson(userId));
}
