import { Pause, Play, RotateCw, X } from "lucide-react";
import type { ReactNode } from "react";
import { errorText, strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { amount, clock } from "./amounts";
import styles from "./tray.module.css";
import type { Item, Uploads } from "./uploads";

/** How far each of some files has come, and what can be done with it. */
export default function Rows({ items, uploads }: { items: readonly Item[]; uploads: Uploads }): ReactNode {
  return (
    <ul className={styles.tray} aria-label={strings.files.tray}>
      {items.map((item) => (
        <Row key={item.id} item={item} uploads={uploads} />
      ))}
    </ul>
  );
}

function Row({ item, uploads }: { item: Item; uploads: Uploads }): ReactNode {
  const { id, name, state, sent, total, limit } = item;
  return (
    <li className={styles.row} data-state={state}>
      <div className={styles.about}>
        <bdi className={styles.name}>{name}</bdi>
        <span className={styles.state} role={state === "failed" ? "alert" : undefined}>
          {standing(item)}
        </span>
      </div>
      <progress
        className={styles.progress}
        aria-label={strings.files.progress(name)}
        max={Math.max(1, total)}
        value={sent}
      />
      <div className={styles.actions}>
        {(state === "uploading" || state === "queued" || state === "retrying") && (
          <IconButton
            small
            icon={Pause}
            label={strings.files.pause(name)}
            onClick={() => uploads.pause(id)}
          />
        )}
        {state === "paused" && (
          <IconButton
            small
            icon={Play}
            label={strings.files.resume(name)}
            onClick={() => uploads.resume(id)}
          />
        )}
        {((state === "failed" && limit === undefined) || state === "retrying") && (
          <IconButton
            small
            icon={RotateCw}
            label={strings.files.retry(name)}
            onClick={() => uploads.resume(id)}
          />
        )}
        <IconButton small icon={X} label={strings.files.cancel(name)} onClick={() => uploads.cancel(id)} />
      </div>
    </li>
  );
}

/** How an upload stands, in words. */
function standing({ state, sent, total, speed, error, limit }: Item): string {
  const { files } = strings;
  const far = files.of(amount(sent), amount(total));
  switch (state) {
    case "queued":
      return files.queued;
    case "paused":
      return `${files.paused} · ${far}`;
    case "retrying":
      return `${files.retrying} · ${far}`;
    case "failed":
      return limit !== undefined ? files.tooLarge(amount(limit)) : errorText(error);
    case "uploading": {
      if (sent >= total) return files.finishing;
      if (speed === undefined || speed <= 0) return far;
      return `${far} · ${files.speed(amount(speed))} · ${files.left(clock((total - sent) / speed))}`;
    }
  }
}
