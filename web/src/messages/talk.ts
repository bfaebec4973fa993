import type { StoredMessage } from "@parley/client/messages";
import { createContext, useContext } from "react";
import type { People } from "./people";
import type { Slots } from "./slots";

/** What one conversation's parts share: who is in it, and what can be done in it. */
export interface Talk {
  readonly channelId: string;
  /** The person's own id. */
  readonly me: string;
  readonly people: People;
  readonly slots: Pick<Slots, "body" | "below" | "inThread">;
  readonly rights: { readonly moderate: boolean; readonly pin: boolean };
  readonly react: (message: StoredMessage, reaction: string) => void;
  readonly pin: (message: StoredMessage) => void;
  /** Asks whether it is meant, and deletes it. */
  readonly remove: (message: StoredMessage) => void;
  /** Gives a message another text. */
  readonly change: (message: StoredMessage, text: string) => void;
  readonly openThread: (message: StoredMessage) => void;
  readonly copyLink: (message: StoredMessage) => void;
  /** Goes to a message, wherever in the channel it is. */
  readonly goTo: (messageId: string) => void;
}

export const TalkContext = createContext<Talk | undefined>(undefined);

/** The conversation that a part belongs to. */
export function useTalk(): Talk {
  const talk = useContext(TalkContext);
  if (!talk) throw new Error("useTalk: there is no conversation above this component");
  return talk;
}
