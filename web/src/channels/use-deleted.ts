import { useChannel } from "@parley/react";
import { useEffect } from "react";
import type { Go } from "../route";
import { strings } from "../strings";
import { useToast } from "../ui/toast";
import { useInbox } from "./inbox-context";
import { lobby } from "./listed";

/** Says that a channel was deleted, and goes on to another one, if there is one. */
export function useDeleted(channelId: string, onPlace: Go): void {
  const { error } = useChannel(channelId);
  const inbox = useInbox();
  const say = useToast();
  const deleted = error?.code === "deleted";
  useEffect(() => {
    if (!deleted) return;
    let here = true;
    const goOn = () => {
      if (!here) return;
      say(strings.channels.header.deleted);
      const other = inbox.snapshot().channels.find((c) => c.id !== channelId)?.id ?? lobby;
      if (other !== channelId) onPlace({ at: "channel", channelId: other }, { replace: true });
    };
    void inbox.reload().then(goOn, goOn);
    return () => {
      here = false;
    };
  }, [deleted, channelId, inbox, say, onPlace]);
}
