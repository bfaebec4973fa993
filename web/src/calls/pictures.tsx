import { type ReactNode, useEffect, useRef } from "react";
import { strings } from "../strings";
import type { TalkView } from "./talk";
import styles from "./window.module.css";

/** What the two show each other. The other's sound plays also where there is no picture. */
export function Pictures({ view, name }: { view: TalkView; name: string }): ReactNode {
  const theirs = useRef<HTMLVideoElement>(null);
  const own = useRef<HTMLVideoElement>(null);
  const { stream, picture } = view;
  useEffect(() => {
    const { current } = theirs;
    if (!current || !stream) return;
    current.srcObject = stream;
    current.play().catch(() => {}); // it begins with the first frame
  }, [stream]);
  useEffect(() => {
    const { current } = own;
    if (!current) return;
    current.srcObject = picture ? new MediaStream([picture]) : null;
    if (picture) current.play().catch(() => {});
  }, [picture]);
  return (
    <div className={styles.pictures}>
      {/* biome-ignore lint/a11y/useMediaCaption: what somebody says now has none */}
      <video
        ref={theirs}
        autoPlay
        playsInline
        hidden={!view.theirPicture}
        className={styles.theirs}
        aria-label={strings.calls.theirPicture(name)}
      />
      <video
        ref={own}
        autoPlay
        playsInline
        muted
        hidden={!picture}
        className={view.screen ? styles.own : `${styles.own} ${styles.mirrored}`}
        aria-label={strings.calls.ownPicture}
      />
    </div>
  );
}
