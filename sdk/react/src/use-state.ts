import { type Json, ParleyError, type SetOptions } from "@parley/client";
import { useMemo, useSyncExternalStore } from "react";
import { useParley } from "./context";
import { unknownState } from "./state-store";
import { Stores } from "./stores";

/** What is known of a key besides its value. */
export interface SharedKey {
  /** The seq of the event that set it; 0: there is no such key; undefined: it was not read yet. */
  readonly version: number | undefined;
  /**
   * Sets the key if it still has this version (by default the one shown), and
   * reports whether it had. Other refusals are errors.
   */
  readonly compareAndSet: (value: Json, version?: number) => Promise<boolean>;
  readonly remove: (options?: Pick<SetOptions, "if">) => Promise<void>;
  readonly error: ParleyError | undefined;
}

/** Sets the key, and is kept with its new version. */
export type SetKey = (value: Json, options?: SetOptions) => Promise<number>;

/**
 * One key of a channel's shared state: its value (undefined: none, or not read
 * yet), what sets it, and the rest. The value changes when the log says so, not
 * when it is asked for.
 */
export function useSharedState<Value extends Json = Json>(
  channelId: string,
  key: string,
): [Value | undefined, SetKey, SharedKey] {
  const client = useParley();
  const store = Stores.of(client).states.get(channelId);
  const { keys, loaded, error } = useSyncExternalStore(store.subscribe, store.snapshot, () => unknownState);
  const held = keys.get(key);
  const version = held?.version ?? (loaded ? 0 : undefined);
  return useMemo(() => {
    const set: SetKey = (value, options) => client.state(channelId).set(key, value, options);
    const compareAndSet = async (value: Json, expected = version): Promise<boolean> => {
      if (expected === undefined) return false;
      try {
        await set(value, { if: expected });
        return true;
      } catch (refusal) {
        if (refusal instanceof ParleyError && refusal.code === "version_conflict") return false;
        throw refusal;
      }
    };
    const remove = (options?: Pick<SetOptions, "if">) => client.state(channelId).delete(key, options);
    return [held?.value as Value | undefined, set, { version, compareAndSet, remove, error }];
  }, [client, channelId, key, held, version, error]);
}
