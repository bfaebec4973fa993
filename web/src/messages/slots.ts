import type { StoredMessage } from "@parley/client/messages";
import type { ReactNode } from "react";

/** What other features put into a conversation. */
export interface Slots {
  /** Above the messages. */
  header?: ReactNode;
  /** Above the composer: what is about to be sent. */
  tray?: ReactNode;
  /** Beside the composer. */
  composerActions?: ReactNode;
  /** What a message shows in place of its text, a file say; undefined: its text. */
  body?: (message: StoredMessage) => ReactNode | undefined;
  /** What hangs below a message's text. */
  below?: (message: StoredMessage) => ReactNode;
  /** What a thread has of these, by the id of the message that it is about. */
  inThread?: (rootId: string) => Pick<Slots, "tray" | "composerActions"> & {
    /** Stands around the thread: what takes the files that are dropped or pasted in it, say. */
    around?: (thread: ReactNode) => ReactNode;
  };
}
