import type { Presence } from "@parley/client";
import type { CSSProperties, ReactNode } from "react";
import { strings } from "../strings";
import styles from "./avatar.module.css";

export interface AvatarProps {
  userId: string;
  name?: string | undefined;
  status?: Presence["status"] | undefined;
  size?: number;
}

/** Somebody's initials on a colour that is theirs. It says nothing to who listens: the name stands beside it. */
export function Avatar({ userId, name, status, size = 36 }: AvatarProps): ReactNode {
  const style: CSSProperties & { [name: `--${string}`]: string | number } = {
    "--hue": hueOf(userId),
    "--size": `${size}px`,
  };
  return (
    <span className={styles.avatar} style={style}>
      <span aria-hidden="true">{initials(name || userId)}</span>
      {status && status !== "offline" && (
        <span className={`${styles.dot} ${styles[status]}`}>
          <span className="unseen">{strings.channels.status[status]}</span>
        </span>
      )}
    </span>
  );
}

/** A hue that is a user's for ever; those of similar names are far apart (FNV-1a, folded). */
export function hueOf(userId: string): number {
  let hash = 0x811c9dc5;
  for (const c of userId) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % 360;
}

/** At most two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? "");
  const [first = "?"] = letters;
  return (first + (letters.length > 1 ? letters[letters.length - 1] : "")).toUpperCase();
}
