import type { Message } from "@parley/client";
import { useParley } from "@parley/react";
import {
  Download,
  FileArchive,
  FileAudio,
  FileImage,
  FileText,
  FileVideo,
  File as Plain,
} from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { amount } from "./amounts";
import styles from "./attachment.module.css";
import { smaller } from "./links";
import { fileOf, type SharedFile } from "./shared";
import { useLink } from "./use-link";
import { Viewing } from "./viewing";

/** The file that a message shares, in place of its text; nothing where it shares none. */
export function Attachment({ message }: { message: Message }): ReactNode {
  const file = fileOf(message);
  if (!file) return null;
  if (file.kind === "image") return <Picture file={file} message={message} />;
  if (file.kind === "video" || file.kind === "audio") return <Player file={file} />;
  return <Card file={file} />;
}

/** The largest that an image is shown among messages, in pixels. */
const most = { width: 360, height: 280 };
/** The least width: one that is said to be a line is cut, or it would be as high as its sender likes. */
const narrowest = 48;
/** An image of at most so many bytes is its own thumbnail. */
const light = 200_000;

function Picture({ file, message }: { file: SharedFile; message: Message }): ReactNode {
  const viewing = Viewing.of(useParley());
  const { url, gone, broken, renew } = useLink(file.id, file.name);
  if (gone || broken) return <Card file={file} gone={gone} />;
  const scale = Math.min(1, most.width / file.width, most.height / file.height);
  const small = file.small && !(file.size !== undefined && file.size <= light);
  return (
    <button
      type="button"
      className={styles.picture}
      style={{
        width: Math.max(narrowest, Math.round(file.width * scale)),
        aspectRatio: Math.max(narrowest / most.height, file.width / file.height),
      }}
      aria-label={strings.files.open(file.name)}
      onClick={() => viewing.open(message)}
    >
      {url && (
        <img
          src={small ? smaller(url) : url}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={renew}
        />
      )}
    </button>
  );
}

function Player({ file }: { file: SharedFile }): ReactNode {
  const { url, gone, broken, renew } = useLink(file.id, file.name);
  const at = useRef({ time: 0, playing: false });
  if (gone || broken) return <Card file={file} gone={gone} />; // broken: no format that this browser plays
  const player = {
    controls: true,
    preload: "metadata",
    "aria-label": file.name,
    ...(url !== undefined && { src: url }),
    onTimeUpdate: (event: { currentTarget: HTMLMediaElement }) => {
      at.current.time = event.currentTarget.currentTime || at.current.time;
    },
    // A link that ended breaks the reading off: with another one it goes on from there.
    onError: (event: { currentTarget: HTMLMediaElement }) => {
      at.current.playing = !event.currentTarget.paused;
      renew();
    },
    onLoadedMetadata: ({ currentTarget }: { currentTarget: HTMLMediaElement }) => {
      if (at.current.time > 0) currentTarget.currentTime = at.current.time;
      if (at.current.playing) currentTarget.play().catch(() => {}); // who watches can press the button
    },
  };
  return (
    <div className={styles.player}>
      {file.kind === "video" ? (
        <video className={styles.video} playsInline {...player} />
      ) : (
        <audio className={styles.audio} {...player} />
      )}
      <Card file={file} />
    </div>
  );
}

/** A file as its name, size and what saves it. */
function Card({ file, gone = false }: { file: SharedFile; gone?: boolean }): ReactNode {
  const link = useLink(file.id, file.name, "later");
  const [asked, setAsked] = useState(false);
  const Icon = iconOf(file);
  const lost = gone || link.gone;
  return (
    <div className={styles.card}>
      <Icon className={styles.icon} size={26} strokeWidth={1.6} aria-hidden="true" />
      <div className={styles.about}>
        <bdi className={styles.name}>{file.name}</bdi>
        <span className={styles.size}>
          {lost ? strings.files.gone : file.size !== undefined && amount(file.size)}
        </span>
      </div>
      {!lost && (
        <IconButton
          icon={Download}
          label={strings.files.download(file.name)}
          disabled={asked}
          onClick={() => {
            setAsked(true);
            link.save();
            setTimeout(() => setAsked(false), 1000); // who clicks twice wants it once
          }}
        />
      )}
    </div>
  );
}

function iconOf({ kind, name }: SharedFile): typeof Plain {
  if (kind === "image") return FileImage;
  if (kind === "video") return FileVideo;
  if (kind === "audio") return FileAudio;
  if (/\.(zip|gz|tgz|bz2|xz|zst|7z|rar|tar)$/i.test(name)) return FileArchive;
  return /\.(pdf|txt|md|docx?|odt|rtf|csv|xlsx?|ods|pptx?|odp)$/i.test(name) ? FileText : Plain;
}
