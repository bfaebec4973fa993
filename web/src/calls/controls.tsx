import { Mic, MicOff, MonitorUp, MonitorX, PhoneOff, Video, VideoOff } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import type { Line } from "./line";
import type { Talk } from "./talk";
import { useTalk } from "./use-talk";
import styles from "./window.module.css";

/** What can be done in a call; without a talk, hang up. The focus begins at that. */
export function Controls({ line, talk }: { line: Line; talk: Talk | undefined }): ReactNode {
  const { calls } = strings;
  const view = useTalk(talk);
  const end = useRef<HTMLButtonElement>(null);
  useEffect(() => end.current?.focus({ preventScroll: true }), []);
  const screens = "getDisplayMedia" in navigator.mediaDevices;
  return (
    <div className={styles.controls}>
      {talk && view && (
        <>
          <IconButton
            icon={view.muted ? MicOff : Mic}
            label={view.muted ? calls.unmute : calls.mute}
            aria-pressed={view.muted}
            onClick={() => talk.mute(!view.muted)}
          />
          <IconButton
            icon={view.camera ? Video : VideoOff}
            label={view.camera ? calls.cameraOff : calls.cameraOn}
            aria-pressed={view.camera}
            onClick={() => void talk.showCamera(!view.camera)}
          />
          {screens && (
            <IconButton
              icon={view.screen ? MonitorX : MonitorUp}
              label={view.screen ? calls.stopScreen : calls.shareScreen}
              aria-pressed={view.screen}
              onClick={() => void talk.showScreen(!view.screen)}
            />
          )}
        </>
      )}
      <IconButton
        ref={end}
        icon={PhoneOff}
        className={styles.end}
        label={calls.hangUp}
        onClick={() => line.hangUp()}
      />
    </div>
  );
}
