import type { ReactNode } from "react";
import { strings } from "../strings";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";

const words = strings.messages;

/** Asks whether a message is to be deleted: it cannot be taken back. */
export function Removal({ onKeep, onRemove }: { onKeep: () => void; onRemove: () => void }): ReactNode {
  return (
    <Dialog title={words.deleteTitle} question onClose={onKeep}>
      <p>{words.deleteText}</p>
      <DialogButtons>
        <Button onClick={onKeep}>{strings.app.cancel}</Button>
        <Button look="danger" onClick={onRemove}>
          {words.delete}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
