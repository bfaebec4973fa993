import { useParley } from "@parley/react";
import { useCallback, useSyncExternalStore } from "react";

/** The person's own id; "" until the server has said it. */
export function useMe(): string {
  const client = useParley();
  const subscribe = useCallback((listener: () => void) => client.on("ready", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.userId ?? "");
}
