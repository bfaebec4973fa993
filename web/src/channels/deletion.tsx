import { useParley } from "@parley/react";
import { type ReactNode, useState } from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { useToast } from "../ui/toast";
import { useInbox } from "./inbox-context";
import { Channels } from "./standing";

const words = strings.channels.header;

interface Props {
  channelId: string;
  title: string;
  onPlace: Go;
  onClose: () => void;
}

/** Asks before a channel is deleted for everybody. */
export function Deletion({ channelId, title, onPlace, onClose }: Props): ReactNode {
  const client = useParley();
  const inbox = useInbox();
  const say = useToast();
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    try {
      await new Channels(client).delete(channelId);
      await inbox.reload();
      onClose();
      onPlace({ at: "home" }, { replace: true });
    } catch (error) {
      setBusy(false);
      say(errorText(error), "bad");
    }
  };
  return (
    <Dialog title={words.deleteTitle(title)} onClose={onClose} question>
      <p>{words.deleteText}</p>
      <DialogButtons>
        <Button onClick={onClose}>{strings.app.cancel}</Button>
        <Button look="danger" disabled={busy} onClick={() => void remove()}>
          {words.delete}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
