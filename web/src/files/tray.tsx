import { useParley } from "@parley/react";
import { type ReactNode, Suspense, useSyncExternalStore } from "react";
import { later } from "../ui/later";
import { Uploads } from "./uploads";

const Rows = later(
  () => import("./tray-rows"),
  (m) => m.default,
);

/** The files on their way into a channel, or as replies to a message of it. */
export function Tray({ channelId, parentId }: { channelId: string; parentId?: string }): ReactNode {
  const uploads = Uploads.of(useParley());
  const items = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const here = items.filter((item) => item.channelId === channelId && item.parentId === parentId);
  if (here.length === 0) return null;
  return (
    <Suspense>
      <Rows items={here} uploads={uploads} />
    </Suspense>
  );
}
