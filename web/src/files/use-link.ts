import { useParley } from "@parley/react";
import { useCallback, useEffect, useRef, useState } from "react";
import { errorCode } from "../errors";
import { errorText } from "../strings";
import { useToast } from "../ui/toast";
import { Links } from "./links";

export interface FileLink {
  /** A path that opens the file for a while; undefined: it is not there yet. */
  readonly url: string | undefined;
  /** There is no such file any more, or this user may not have it. */
  readonly gone: boolean;
  /** It is there, and cannot be shown. */
  readonly broken: boolean;
  /** The path did not open the file: asks for another, at most once a minute, as those end that are old. */
  readonly renew: () => void;
  /** Saves the file. */
  readonly save: () => void;
}

/** What the server says where there is no such file for this user. Anything else passes. */
const denials = new Set(["not_found", "deleted", "forbidden", "banned", "blocked"]);

/** A path that was asked for anew is not asked for again within so many milliseconds. */
const patience = 60_000;

/**
 * A file's link, asked for when it is to be shown (`at` is once) or saved. What
 * cannot be asked for now is, when there is a connection again.
 */
export function useLink(file: string, name: string, at: "once" | "later" = "once"): FileLink {
  const client = useParley();
  const links = Links.of(client);
  const say = useToast();
  const [url, setUrl] = useState<string>();
  const [standing, setStanding] = useState<"good" | "gone" | "broken">("good");
  const missed = useRef(false);
  const renewed = useRef(Number.NEGATIVE_INFINITY);
  const ask = useCallback(
    (fresh: boolean) =>
      links.get(file, fresh).then(setUrl, (error) => {
        if (denials.has(errorCode(error))) setStanding("gone");
        else missed.current = true;
      }),
    [links, file],
  );
  useEffect(() => {
    if (at === "once") void ask(false);
    return client.on("ready", () => {
      if (!missed.current) return;
      missed.current = false;
      void ask(true);
    });
  }, [client, ask, at]);
  const renew = useCallback(() => {
    if (Date.now() - renewed.current < patience) {
      setStanding("broken");
      return;
    }
    renewed.current = Date.now();
    void ask(true);
  }, [ask]);
  const save = useCallback(() => {
    links.get(file).then(
      (path) => download(path, name),
      (error) => {
        if (denials.has(errorCode(error))) setStanding("gone");
        else say(errorText(error), "bad");
      },
    );
  }, [links, file, name, say]);
  return { url, gone: standing === "gone", broken: standing === "broken", renew, save };
}

function download(path: string, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = path;
  anchor.download = name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}
