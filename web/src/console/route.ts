/** Where in the console one is. The address's hash says it, so that it can be kept, sent and gone back to. */
export type Place =
  | { page: "overview" }
  | { page: "channels" }
  | { page: "channel"; channel: string; tab: Tab }
  | { page: "message"; channel: string; message: string }
  | { page: "users" }
  | { page: "user"; user: string }
  | { page: "sessions" }
  | { page: "keys" }
  | { page: "tokens" }
  | { page: "configuration" };

/** The parts of a channel's page. */
export const tabs = ["log", "members", "settings"] as const;
export type Tab = (typeof tabs)[number];

/** The pages that the navigation lists, in its order. */
export const pages = [
  "overview",
  "channels",
  "users",
  "sessions",
  "keys",
  "tokens",
  "configuration",
] as const;
export type Page = (typeof pages)[number];

/** The place that a hash names. What names none is the overview. */
export function placeOf(hash: string): Place {
  const [page, name, part, id] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (page === "channels" && name) {
    if (part === "messages" && id) return { page: "message", channel: name, message: id };
    return { page: "channel", channel: name, tab: tabs.find((tab) => tab === part) ?? "log" };
  }
  if (page === "users" && name) return { page: "user", user: name };
  return { page: pages.find((known) => known === page) ?? "overview" };
}

/** The hash of a place; placeOf's inverse. */
export function hashOf(place: Place): string {
  switch (place.page) {
    case "overview":
      return "#/";
    case "channel":
      return `#/channels/${encoded(place.channel)}${place.tab === "log" ? "" : `/${place.tab}`}`;
    case "message":
      return `#/channels/${encoded(place.channel)}/messages/${encoded(place.message)}`;
    case "user":
      return `#/users/${encoded(place.user)}`;
    default:
      return `#/${place.page}`;
  }
}

/** The entry of the navigation that a place belongs to. */
export function pageOf(place: Place): Page {
  switch (place.page) {
    case "channel":
    case "message":
      return "channels";
    case "user":
      return "users";
    default:
      return place.page;
  }
}

const encoded = encodeURIComponent;

/** A hash is what somebody typed or sent: one that is no encoding stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
