/** What a link in a message may lead to; all else stays text. */
const schemes = new Set(["http:", "https:", "mailto:"]);

/**
 * The address that a link may have; undefined: it stays text. An address with a
 * user or password in it looks like one host and leads to another.
 */
export function safeHref(address: string): string | undefined {
  if (/\s/.test(address) || hasControls(address)) return undefined;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  if (!schemes.has(url.protocol)) return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  if (url.protocol === "mailto:" && !url.pathname.includes("@")) return undefined;
  return url.href;
}

function hasControls(text: string): boolean {
  for (const c of text) if (c < " " || c === "\u007f") return true;
  return false;
}

/** A part of a message's text. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "mention"; readonly text: string };

const addresses = /\b(?:https?:\/\/|mailto:)[^\s<>"`]+/giu;

/** Text with its addresses as links, and what it calls people by (`@ada`) as mentions. */
export function piecesOf(text: string, calls: readonly string[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const found of text.matchAll(addresses)) {
    const address = ended(found[0]);
    const href = safeHref(address);
    if (href === undefined) continue;
    pieces.push(...mentionsIn(text.slice(at, found.index), calls), { kind: "link", text: address, href });
    at = found.index + address.length;
  }
  pieces.push(...mentionsIn(text.slice(at), calls));
  return pieces;
}

/** An address without what belongs to the sentence around it. Each character is looked at once: it may be long. */
function ended(address: string): string {
  let open = 0;
  for (const c of address) open += c === "(" ? 1 : c === ")" ? -1 : 0;
  let end = address.length;
  for (; end > 0; end--) {
    const last = address[end - 1] ?? "";
    if (last === ")" && open < 0) open++;
    else if (!/[.,:;!?'*_~\]]/.test(last)) break;
  }
  return address.slice(0, end);
}

function mentionsIn(text: string, calls: readonly string[]): Piece[] {
  if (text === "") return [];
  if (calls.length === 0) return [{ kind: "text", text }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const call = callAt(text, at, calls);
    if (call === undefined) continue;
    if (at > from) pieces.push({ kind: "text", text: text.slice(from, at) });
    pieces.push({ kind: "mention", text: call });
    from = at + call.length;
    at = from - 1;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

const inWord = /[\p{L}\p{N}_]/u;

/** The longest of the calls that stands here as a word of its own. */
export function callAt(text: string, at: number, calls: readonly string[]): string | undefined {
  if (at > 0 && inWord.test(text[at - 1] ?? "")) return undefined;
  let found: string | undefined;
  for (const call of calls) {
    if (call.length <= (found?.length ?? 1)) continue;
    const here = text.slice(at, at + call.length);
    if (here.toLowerCase() !== call.toLowerCase()) continue;
    if (!inWord.test(text[at + call.length] ?? "")) found = here;
  }
  return found;
}
