import { useParley } from "@parley/react";
import { type ReactNode, Suspense, useSyncExternalStore } from "react";
import { createPortal } from "react-dom";
import { later } from "../ui/later";
import { useTopModal } from "../ui/modal";
import { Line } from "./line";

const CallWindow = later(
  () => import("./window"),
  (m) => m.default,
);

/** The user's calls, above everything else: also above a modal dialog. Where it is, a call rings; it is nothing while there is none. */
export function Calls(): ReactNode {
  const line = Line.of(useParley());
  const standing = useSyncExternalStore(line.subscribe, line.snapshot);
  const modal = useTopModal();
  if (standing.at === "idle") return null;
  return createPortal(
    <Suspense>
      <CallWindow line={line} standing={standing} />
    </Suspense>,
    modal ?? document.body,
  );
}
