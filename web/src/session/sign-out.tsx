import type { ReactNode } from "react";
import { strings } from "../strings";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { useSession } from "./context";

/** Asks what becomes of what was not sent, when somebody leaves. */
export function SignOut({ waiting, onClose }: { waiting: number; onClose: () => void }): ReactNode {
  const session = useSession();
  const words = strings.session;
  return (
    <Dialog title={words.signOutTitle(waiting)} onClose={onClose} question>
      <p>{words.signOutText}</p>
      <DialogButtons>
        <Button onClick={onClose}>{strings.app.cancel}</Button>
        <Button look="danger" onClick={() => session.signOut({ discard: true })}>
          {words.discardAndSignOut}
        </Button>
        <Button look="primary" onClick={() => session.signOut({ discard: false })}>
          {words.keepAndSignOut}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
