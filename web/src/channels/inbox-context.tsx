import type { Client } from "@parley/client";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { Inbox, type InboxView } from "./inbox";
import { People, type Person } from "./people";

interface Known {
  inbox: Inbox;
  people: People;
}

const KnownContext = createContext<Known | undefined>(undefined);

/** Gives everything below it the client's channels, and who the people in them are. */
export function InboxProvider({ client, children }: { client: Client; children: ReactNode }): ReactNode {
  const known = useMemo(() => ({ inbox: new Inbox(client), people: new People(client) }), [client]);
  return <KnownContext value={known}>{children}</KnownContext>;
}

function useKnown(): Known {
  const known = useContext(KnownContext);
  if (!known) throw new Error("there is no <InboxProvider> above this component");
  return known;
}

/** The inbox of the nearest provider. */
export function useInbox(): Inbox {
  return useKnown().inbox;
}

/** What is in the inbox. */
export function useInboxView(): InboxView {
  const inbox = useInbox();
  return useSyncExternalStore(inbox.subscribe, inbox.snapshot);
}

/** Those who were met. */
export function usePeople(): People {
  return useKnown().people;
}

/** Somebody, kept up to date while the component is there. */
export function usePerson(userId: string): Person {
  const { people } = useKnown();
  useEffect(() => people.want(userId), [people, userId]);
  return useSyncExternalStore(people.subscribe, () => people.get(userId));
}
