import type { Message } from "@parley/client";
import { useParley } from "@parley/react";
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { useModal } from "../ui/modal";
import { Gallery } from "./gallery";
import styles from "./lightbox.module.css";
import { fileOf, type SharedFile } from "./shared";
import { useLink } from "./use-link";

/** How large an image is shown: fitted, or so many times its own size. */
const zooms = [0, 1, 2, 4];

export interface LightboxProps {
  /** The message whose image is looked at first. */
  message: Message;
  onClose: () => void;
}

/** An image as large as there is room, and from it to the channel's others. */
export default function Lightbox({ message, onClose }: LightboxProps): ReactNode {
  const { shown, step, ends } = useGallery(message);
  const [zoom, setZoom] = useState(0);
  const dialog = useModal();
  const file = fileOf(shown);
  const larger = (by: number) => setZoom((now) => Math.min(zooms.length - 1, Math.max(0, now + by)));
  const go = (way: -1 | 1) => {
    setZoom(0);
    step(way);
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    "+": () => larger(1),
    "-": () => larger(-1),
    "0": () => setZoom(0),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const act = zoom > 0 && event.key.startsWith("Arrow") ? undefined : keys[event.key]; // arrows scroll then
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  if (!file) return null;
  return (
    <dialog
      ref={dialog}
      className={styles.lightbox}
      aria-label={strings.files.viewing(file.name)}
      onKeyDown={onKeyDown}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <Bar file={file} zoom={zoom} larger={larger} onClose={onClose} />
      <Image key={file.id} file={file} zoom={zooms[zoom] ?? 0} onToggle={() => setZoom(zoom > 0 ? 0 : 1)} />
      {!ends.first && (
        <IconButton
          icon={ChevronLeft}
          className={`${styles.step} ${styles.left}`}
          label={strings.files.previous}
          onClick={() => go(-1)}
        />
      )}
      {!ends.last && (
        <IconButton
          icon={ChevronRight}
          className={`${styles.step} ${styles.right}`}
          label={strings.files.next}
          onClick={() => go(1)}
        />
      )}
    </dialog>
  );
}

interface BarProps {
  file: SharedFile;
  zoom: number;
  larger: (by: number) => void;
  onClose: () => void;
}

function Bar({ file, zoom, larger, onClose }: BarProps): ReactNode {
  const { save } = useLink(file.id, file.name, "later");
  return (
    <div className={styles.bar}>
      <bdi className={styles.name}>{file.name}</bdi>
      <IconButton
        icon={ZoomOut}
        label={strings.files.smaller}
        disabled={zoom === 0}
        onClick={() => larger(-1)}
      />
      <IconButton
        icon={ZoomIn}
        label={strings.files.larger}
        disabled={zoom === zooms.length - 1}
        onClick={() => larger(1)}
      />
      <IconButton icon={Download} label={strings.files.download(file.name)} onClick={save} />
      <IconButton icon={X} label={strings.app.close} onClick={onClose} />
    </div>
  );
}

function Image({
  file,
  zoom,
  onToggle,
}: {
  file: SharedFile;
  zoom: number;
  onToggle: () => void;
}): ReactNode {
  const { url, gone, broken, renew } = useLink(file.id, file.name);
  const stage = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = stage;
    if (!current || zoom === 0) return;
    current.scrollLeft = (current.scrollWidth - current.clientWidth) / 2;
    current.scrollTop = (current.scrollHeight - current.clientHeight) / 2;
  }, [zoom]);
  const size = zoom > 0 && { style: { width: file.width * zoom, height: file.height * zoom } };
  return (
    <div ref={stage} className={zoom > 0 ? `${styles.stage} ${styles.zoomed}` : styles.stage}>
      {(gone || broken) && <p className={styles.gone}>{gone ? strings.files.gone : strings.files.broken}</p>}
      {url && !gone && !broken && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: + and - and the buttons are for that
        <img
          src={url}
          alt={file.name}
          width={file.width}
          height={file.height}
          onError={renew}
          onClick={onToggle}
          {...size}
        />
      )}
    </div>
  );
}

/** The image that is shown, what goes to the one beside it, and where there is none. */
function useGallery(message: Message) {
  const client = useParley();
  const [gallery] = useState(() => new Gallery(client, message));
  const [shown, setShown] = useState(message);
  const [ends, setEnds] = useState({ first: true, last: true });
  useEffect(() => {
    let over = false;
    const none = () => undefined; // without a connection there is nothing beside it
    const look = (way: -1 | 1) => gallery.beside(shown, way).catch(none);
    Promise.all([look(-1), look(1)]).then(([before, after]) => {
      if (!over) setEnds({ first: !before, last: !after });
    });
    return () => {
      over = true;
    };
  }, [gallery, shown]);
  const step = useCallback(
    (way: -1 | 1) => {
      gallery.beside(shown, way).then(
        (beside) => beside && setShown(beside),
        () => {}, // as at the end
      );
    },
    [gallery, shown],
  );
  return { shown, step, ends };
}
