import { Maximize2, Minimize2, Phone, PhoneOff, Video } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { errorText, strings } from "../strings";
import { useAnnounce } from "../ui/announcer";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { IconButton } from "../ui/icon-button";
import { Controls } from "./controls";
import { Duration, lasted } from "./duration";
import type { Line, Standing } from "./line";
import { Pictures } from "./pictures";
import type { Talk } from "./talk";
import { ring, tones } from "./tone";
import { useTalk } from "./use-talk";
import styles from "./window.module.css";

type Shown = Exclude<Standing, { at: "idle" }>;

/** The call that rings, is under way, or has just ended. It lets the page below be used. */
export default function CallWindow({ line, standing }: { line: Line; standing: Shown }): ReactNode {
  const { other } = standing;
  const [large, setLarge] = useState(false);
  const titleId = useId();
  const talk = "talk" in standing ? standing.talk : undefined;
  const view = useTalk(talk);
  const lost = view?.link === "lost";
  useEffect(() => {
    if (lost) line.hangUp("lost");
  }, [lost, line]);
  useRinging(standing.at === "incoming" ? "incoming" : standing.at === "calling" ? "outgoing" : undefined);
  useAnnounced(standing);
  const pictures = standing.at === "talking" && view && (view.theirPicture || view.picture !== undefined);
  return (
    <section
      role="dialog"
      aria-labelledby={titleId}
      className={styles.window}
      data-large={large && standing.at === "talking"}
      data-pictures={Boolean(pictures)}
    >
      <header className={styles.head}>
        <Avatar userId={other.userId} name={other.name} size={40} />
        <div className={styles.about}>
          <h2 id={titleId} className={styles.name}>
            <span className="unseen">{strings.calls.title("")} </span>
            <bdi>{other.name}</bdi>
          </h2>
          <p className={styles.state}>
            {standing.at === "talking" && view?.link === "connected" ? (
              <Duration since={standing.since} />
            ) : (
              said(standing, view?.link)
            )}
            {view?.theirMuted && ` · ${strings.calls.theyMuted}`}
          </p>
        </div>
        {standing.at === "talking" && (
          <IconButton
            icon={large ? Minimize2 : Maximize2}
            label={large ? strings.calls.smaller : strings.calls.larger}
            onClick={() => setLarge(!large)}
          />
        )}
      </header>
      {view && <Pictures view={view} name={other.name} />}
      {view?.noCamera && <p className={styles.problem}>{strings.calls.noCamera}</p>}
      <Buttons line={line} standing={standing} talk={talk} />
    </section>
  );
}

function Buttons({
  line,
  standing,
  talk,
}: {
  line: Line;
  standing: Shown;
  talk: Talk | undefined;
}): ReactNode {
  const { calls } = strings;
  switch (standing.at) {
    case "incoming":
      return (
        <div className={styles.buttons}>
          <Button look="danger" onClick={() => line.decline()}>
            <PhoneOff size={18} aria-hidden="true" />
            {calls.decline}
          </Button>
          {standing.video && (
            <Button look="primary" onClick={() => void line.accept(true)}>
              <Video size={18} aria-hidden="true" />
              {calls.acceptVideo}
            </Button>
          )}
          <Button look={standing.video ? "plain" : "primary"} onClick={() => void line.accept(false)}>
            <Phone size={18} aria-hidden="true" />
            {calls.accept}
          </Button>
        </div>
      );
    case "calling":
    case "talking":
      return <Controls line={line} talk={standing.at === "talking" ? talk : undefined} />;
    case "over":
      return (
        <div className={styles.buttons}>
          {standing.why === "missed" && (
            <Button onClick={() => void line.start(standing.other, false)}>
              <Phone size={18} aria-hidden="true" />
              {calls.callBack}
            </Button>
          )}
          <Button onClick={() => line.dismiss()}>{calls.dismiss}</Button>
        </div>
      );
  }
}

/** How the call stands, in words. */
function said(standing: Shown, link: string | undefined): string {
  const { calls } = strings;
  switch (standing.at) {
    case "incoming":
      return standing.video ? calls.incomingVideo : calls.incoming;
    case "calling":
      return standing.talk ? calls.ringing : calls.asking;
    case "talking":
      if (!standing.talk) return calls.asking;
      return link === "reconnecting" ? calls.reconnecting : calls.connecting;
    case "over":
      if (standing.why === "failed") return errorText(standing.error);
      if (standing.why !== "ended") return calls[standing.why];
      return standing.seconds === undefined ? calls.over : calls.ended(lasted(standing.seconds));
  }
}

/** Rings for as long as it is to. */
function useRinging(tone: keyof typeof tones | undefined): void {
  useEffect(() => (tone ? ring(tones[tone]) : undefined), [tone]);
}

/** Tells who listens what has become of the call. */
function useAnnounced(standing: Shown): void {
  const announce = useAnnounce();
  const last = useRef("");
  const text = standing.at === "talking" ? "" : `${standing.other.name}: ${said(standing, undefined)}`;
  useEffect(() => {
    if (text && text !== last.current) announce(text);
    last.current = text;
  }, [announce, text]);
}
