import { Database, type Keep } from "./keep";
import type { Shelf } from "./outbox";
import { Tabs, type TabsListener } from "./tabs";

export { Database, Tabs };

/** Makes the shelf of one queue, from what there is here. */
export function shelf(options: {
  queue: string;
  keep: Keep | undefined;
  most: number;
  after(milliseconds: number, callback: () => void): () => void;
  listener: TabsListener;
}): Shelf {
  const { queue, most, after, listener } = options;
  const keep = options.keep ?? new Database({ indexedDB, most });
  // Of one's own keep it is not known who else has it.
  const shared = !options.keep && typeof navigator !== "undefined" && typeof BroadcastChannel === "function";
  const locks = shared ? navigator.locks : undefined;
  return new Tabs({
    queue,
    keep,
    locks,
    board: locks && new BroadcastChannel(`parley ${queue}`),
    after,
    listener,
  });
}
