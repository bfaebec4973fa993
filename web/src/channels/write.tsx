import { useParley } from "@parley/react";
import type { FormEvent, ReactNode } from "react";
import type { Go } from "../route";
import { strings } from "../strings";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { directId } from "./listed";
import { PersonField, useNaming } from "./naming";

/** Begins a conversation with one other. */
export function Write({ onPlace, onClose }: { onPlace: Go; onClose: () => void }): ReactNode {
  const { userId: me } = useParley();
  const naming = useNaming();
  const words = strings.channels.begin;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const userId = await naming.find();
    if (userId === undefined || me === undefined) return;
    if (userId === me) {
      naming.refuse(words.yourself);
      return;
    }
    onPlace({ at: "channel", channelId: directId(me, userId) });
    onClose();
  };

  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <PersonField naming={naming} label={words.label} />
        <DialogButtons>
          <Button onClick={onClose}>{strings.app.cancel}</Button>
          <Button type="submit" look="primary">
            {naming.doubted ? words.anyway : words.submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
