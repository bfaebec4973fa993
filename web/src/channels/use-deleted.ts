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
      // Whoever is in no other channel comes into the lobby, unless that is what was deleted.
      const elsewhere = channelId !== lobby || inbox.snapshot().channels.some((c) => c.id !== channelId);
      if (elsewhere) onPlace({ at: "home" }, { replace: true });
    };
    void inbox.reload().then(goOn, goOn); // home is where one was last: this must not be in the list any more
    return () => {
      here = false;
    };
  }, [deleted, channelId, inbox, say, onPlace]);
}
