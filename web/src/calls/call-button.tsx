import { useParley } from "@parley/react";
import { Phone, Video } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { Line } from "./line";

export interface CallButtonProps {
  userId: string;
  /** As others know them. */
  name: string;
}

/** Calls somebody, with sound or with pictures. It is nothing where a page cannot have a microphone. */
export function CallButton({ userId, name }: CallButtonProps): ReactNode {
  const line = Line.of(useParley());
  const { at } = useSyncExternalStore(line.subscribe, line.snapshot);
  if (!("mediaDevices" in navigator) || !("RTCPeerConnection" in globalThis)) return null;
  const busy = at !== "idle" && at !== "over";
  const call = (video: boolean) => void line.start({ userId, name }, video);
  return (
    <>
      <IconButton icon={Phone} label={strings.calls.call(name)} disabled={busy} onClick={() => call(false)} />
      <IconButton
        icon={Video}
        label={strings.calls.videoCall(name)}
        disabled={busy}
        onClick={() => call(true)}
      />
    </>
  );
}
