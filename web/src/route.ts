import { useMemo, useSyncExternalStore } from "react";

/** What a person looks at. It is the address's hash, so that it can be linked to, and gone back to. */
export type Place =
  | { readonly at: "home" }
  | {
      readonly at: "channel";
      readonly channelId: string;
      /** The message to jump to. */
      readonly messageId?: string;
      /** The message whose thread is open. */
      readonly threadId?: string;
    }
  | { readonly at: "search"; readonly query: string }
  | { readonly at: "settings" };

const home: Place = { at: "home" };

/** The place that a hash names. One that names none is home; a bare name is a channel's. */
export function placeOf(hash: string): Place {
  const bare = hash.replace(/^#/, "");
  if (bare === "" || bare === "/") return home;
  if (!bare.startsWith("/")) return { at: "channel", channelId: decode(bare) };
  const [path = "", query = ""] = split(bare, "?");
  const [, kind, channelId, more, id] = path.split("/").map(decode);
  if (kind === "settings") return { at: "settings" };
  if (kind === "search") return { at: "search", query: new URLSearchParams(query).get("q") ?? "" };
  if (kind !== "c" || !channelId) return home;
  if (more === "m" && id) return { at: "channel", channelId, messageId: id };
  if (more === "t" && id) return { at: "channel", channelId, threadId: id };
  return { at: "channel", channelId };
}

/** The hash that names a place. */
export function hashOf(place: Place): string {
  switch (place.at) {
    case "home":
      return "#/";
    case "settings":
      return "#/settings";
    case "search":
      return place.query === "" ? "#/search" : `#/search?${new URLSearchParams({ q: place.query })}`;
    case "channel": {
      const base = `#/c/${encodeURIComponent(place.channelId)}`;
      if (place.messageId !== undefined) return `${base}/m/${encodeURIComponent(place.messageId)}`;
      if (place.threadId !== undefined) return `${base}/t/${encodeURIComponent(place.threadId)}`;
      return base;
    }
  }
}

/** Goes to a place; with `replace`, without a step to go back. */
export type Go = (place: Place, options?: { replace?: boolean }) => void;

/** Where the person is, and how to go elsewhere. */
export function usePlace(): [Place, Go] {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return [useMemo(() => placeOf(hash), [hash]), go];
}

function listen(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

function go(place: Place, { replace = false } = {}): void {
  const hash = hashOf(place);
  if (replace) {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else if (location.hash !== hash) location.hash = hash;
}

function split(text: string, at: string): [string, string] {
  const i = text.indexOf(at);
  return i < 0 ? [text, ""] : [text.slice(0, i), text.slice(i + 1)];
}

/** What the browser was given may be no encoding of anything. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
