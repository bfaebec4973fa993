import { type Draft, ParleyError } from "@parley/client";
import { useParley } from "@parley/react";
import { useCallback } from "react";
import { errorText } from "../strings";
import { useToast } from "../ui/toast";

/** Refusals of the client's own, before anything was sent or shown in the list. */
const atOnce = new Set(["rate_limited", "queue_full", "closed"]);

/** Sends what was written. Kept with false where it was not even taken to be sent: then it is still to be written. */
export function useSend(channelId: string): (draft: Draft) => Promise<boolean> {
  const client = useParley();
  const toast = useToast();
  return useCallback(
    async (draft) => {
      const before = client.waiting(channelId).length;
      const sent = client.sendMessage(channelId, draft);
      // What is on its way is in the list, which also says how it ends.
      const taken = client.waiting(channelId).length > before;
      const refusal = sent.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (taken) return true;
      const error = await refusal;
      if (!(error instanceof ParleyError) || !atOnce.has(error.code)) return true;
      toast(errorText(error.code), "bad");
      return false;
    },
    [client, channelId, toast],
  );
}
