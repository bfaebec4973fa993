import { strings } from "../strings";

const words = strings.log;

/** One line of a channel's log. */
export interface Line {
  readonly seq: number;
  readonly at: string | undefined;
  readonly kind: string;
  /** Undefined: the server itself, by a key or because a time was over. */
  readonly who: string | undefined;
  readonly name: string | undefined;
  /** What happened, for a person to read. */
  readonly what: string;
  /** The seq of the message that it is about, if that is another event. */
  readonly target: number | undefined;
  /** What else is to be known of it. */
  readonly marks: readonly string[];
  /** Of a message: its id, and whether it was deleted since. */
  readonly message: { readonly id: string; readonly deleted: boolean } | undefined;
}

type Raw = Record<string, unknown>;

/** The line for an event as the server tells it. Of a kind that is not known its JSON is shown. */
export function lineOf(raw: Raw): Line {
  const kind = text(raw, "type") ?? "";
  const common = {
    seq: number(raw, "seq") ?? 0,
    at: text(raw, "at"),
    kind,
    who: text(raw, "userId"),
    name: text(raw, "userName"),
    target: number(raw, "targetSeq"),
    marks: [],
    message: undefined,
  };
  switch (kind) {
    case "message":
      return { ...common, ...messageLine(raw) };
    case "message.update":
      return {
        ...common,
        at: text(raw, "editedAt"),
        what: raw.deletedAt ? words.deleted : content(raw, "newText"),
      };
    case "message.delete":
      return { ...common, at: text(raw, "deletedAt"), what: "" };
    case "member":
      return { ...common, who: text(raw, "by"), what: standing(raw) };
    case "reaction":
      return { ...common, what: words.reaction(text(raw, "reaction") ?? "", raw.on === true) };
    case "pin":
      return { ...common, what: words.pin(raw.on === true) };
    case "state":
      return { ...common, what: state(raw) };
    case "call":
      return { ...common, who: text(raw, "by"), what: call(raw) };
    default:
      return { ...common, what: JSON.stringify(raw) };
  }
}

function messageLine(raw: Raw) {
  const deleted = text(raw, "deletedAt") !== undefined;
  const edit = number(raw, "editSeq");
  const marks = [
    ...(edit !== undefined && !deleted ? [words.edited(edit)] : []),
    ...(raw.parentId ? [words.inThread] : []),
  ];
  return {
    at: text(raw, "createdAt"),
    who: text(raw, "senderId"),
    name: text(raw, "senderName"),
    what: deleted ? words.deleted : content(raw, "text"),
    marks,
    message: { id: text(raw, "id") ?? "", deleted },
  };
}

/** What a person reads of a body; where there is nothing, the body itself. */
function content(raw: Raw, key: string): string {
  return text(raw, key) || (raw.body === undefined ? "" : JSON.stringify(raw.body));
}

function standing(raw: Raw): string {
  const role = text(raw, "role");
  const parts = [
    role || words.noMember,
    ...(raw.muted === true ? [strings.members.muted] : []),
    ...(raw.banned === true ? [strings.members.banned] : []),
  ];
  return words.standing(text(raw, "userId") ?? "", parts);
}

function state(raw: Raw): string {
  const key = text(raw, "key") ?? "";
  return raw.deleted === true ? words.stateGone(key) : `${key} = ${JSON.stringify(raw.value)}`;
}

function call(raw: Raw): string {
  return words.call(text(raw, "state") ?? "", text(raw, "callerId") ?? "", text(raw, "calleeId") ?? "");
}

function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  return typeof value === "string" ? value : undefined;
}

function number(raw: Raw, key: string): number | undefined {
  const value = raw[key];
  return typeof value === "number" ? value : undefined;
}
