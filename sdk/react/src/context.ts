import type { Client } from "@parley/client";
import { createContext, createElement, type ReactNode, useContext } from "react";

export const ClientContext = createContext<Client | undefined>(undefined);

/** Gives everything below it a client. Who made the client ends it: the provider does not. */
export function ParleyProvider({ client, children }: { client: Client; children?: ReactNode }): ReactNode {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest provider. */
export function useParley(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useParley: there is no <ParleyProvider client={…}> above this component");
  return client;
}
