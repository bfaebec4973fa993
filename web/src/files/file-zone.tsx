import { useParley } from "@parley/react";
import { type DragEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { strings } from "../strings";
import styles from "./file-zone.module.css";
import { Uploads } from "./uploads";

export interface FileZoneProps {
  channelId: string;
  /** The message that the files are replies to. */
  parentId?: string;
  children: ReactNode;
}

/**
 * Shares in a channel what is dropped or pasted anywhere in it, and shows while files are held over it
 * that they can be dropped. One within another, a thread's in its channel's, has its own alone.
 */
export function FileZone({ channelId, parentId, children }: FileZoneProps): ReactNode {
  const uploads = Uploads.of(useParley());
  const [over, setOver] = useState(false);
  const depth = useRef(0); // of elements that were entered and not left: each child tells of its own
  useEffect(() => {
    const end = () => {
      depth.current = 0;
      setOver(false);
    };
    addEventListener("dragend", end, true);
    addEventListener("drop", end, true); // before a zone within this one stops it
    return () => {
      removeEventListener("dragend", end, true);
      removeEventListener("drop", end, true);
    };
  }, []);
  const mine = (event: DragEvent) => {
    if (!holdsFiles(event.dataTransfer)) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const move = (by: number) => (event: DragEvent) => {
    if (!mine(event)) return;
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button beside the composer is for who has no pointer
    <div
      className={styles.zone}
      onDragEnter={move(1)}
      onDragLeave={move(-1)}
      onDragOver={(event) => {
        if (mine(event)) event.dataTransfer.dropEffect = "copy";
      }}
      onDrop={(event) => {
        if (mine(event)) uploads.add(channelId, filesIn(event.dataTransfer), parentId);
      }}
      onPaste={(event) => {
        const { files, types } = event.clipboardData;
        // What was copied from a text program may come with a picture of itself.
        if (event.defaultPrevented || files.length === 0 || types.includes("text/plain")) return;
        event.preventDefault();
        uploads.add(channelId, [...files], parentId);
      }}
    >
      {children}
      {over && (
        <div className={styles.target} aria-hidden="true">
          {strings.files.drop}
        </div>
      )}
    </div>
  );
}

/** Keeps the browser from going to a file that is dropped where nothing takes it: the page would be gone. */
export function useStrayFiles(): void {
  useEffect(() => {
    const refuse = (event: globalThis.DragEvent) => {
      if (!event.dataTransfer || event.defaultPrevented || !holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    };
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
    return () => {
      removeEventListener("dragover", refuse);
      removeEventListener("drop", refuse);
    };
  }, []);
}

function holdsFiles(transfer: DataTransfer): boolean {
  return transfer.types.includes("Files");
}

/** The files among what is dropped: a folder looks like a file that cannot be read. */
function filesIn({ items, files }: DataTransfer): File[] {
  if (items.length === 0) return [...files];
  return [...items].flatMap((item) => {
    if (item.webkitGetAsEntry?.()?.isDirectory) return [];
    const file = item.getAsFile();
    return file ? [file] : [];
  });
}
