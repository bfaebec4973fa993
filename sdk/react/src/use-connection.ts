import { useSyncExternalStore } from "react";
import type { Connection } from "./connection-store";
import { useParley } from "./context";
import { Stores } from "./stores";

const connecting: Connection = { state: "connecting" };

/** How the client is connected, when the next attempt is made, and why it is not. */
export function useConnection(): Connection {
  const { connection } = Stores.of(useParley());
  return useSyncExternalStore(connection.subscribe, connection.snapshot, () => connecting);
}
