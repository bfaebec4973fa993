import { useParley } from "@parley/react";
import { useCallback } from "react";
import { errorText } from "../strings";
import { useToast } from "../ui/toast";
import { useInbox } from "./inbox-context";
import { Channels } from "./standing";

/** How to become a member of a channel; false: it was refused, and that was said. */
export function useJoin(channelId: string): () => Promise<boolean> {
  const client = useParley();
  const inbox = useInbox();
  const say = useToast();
  return useCallback(async () => {
    try {
      await new Channels(client).join(channelId);
      await inbox.reload();
      return true;
    } catch (error) {
      say(errorText(error), "bad");
      return false;
    }
  }, [client, inbox, say, channelId]);
}
