import { useParley } from "@parley/react";
import { type ReactNode, Suspense, useSyncExternalStore } from "react";
import { later } from "../ui/later";
import { Viewing } from "./viewing";

const Lightbox = later(
  () => import("./lightbox"),
  (m) => m.default,
);

/** Where images are looked at. It is nothing while none is. */
export function Viewer(): ReactNode {
  const client = useParley();
  const viewing = Viewing.of(client);
  const message = useSyncExternalStore(viewing.subscribe, viewing.snapshot);
  if (!message) return null;
  return (
    <Suspense>
      <Lightbox key={message.id} message={message} onClose={() => viewing.close()} />
    </Suspense>
  );
}
