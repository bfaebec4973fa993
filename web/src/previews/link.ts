/** Longer ones are not looked at: the server takes none, and brackets without end would take as long to count. */
const longest = 2048;

/** What is code in a message links to nothing. */
const code = /```[\s\S]*?(?:```|$)|`[^`\n]*`/g;

const candidate = /https?:\/\/[^\s<>"'`\\^{}|]+/i;

/** The first link of a text that leads to the web, as a URL; undefined: there is none. */
export function firstLink(text: string | undefined): string | undefined {
  if (!text?.includes("://")) return undefined;
  const [found] = candidate.exec(text.replace(code, " ")) ?? [];
  if (found === undefined || found.length > longest) return undefined;
  return address(trimmed(found));
}

/** A link without what belongs to the sentence around it: its full stop, a bracket that was opened before it. */
function trimmed(link: string): string {
  for (;;) {
    const last = link.slice(-1);
    const open = { ")": "(", "]": "[" }[last];
    if (open === undefined ? !/[.,;:!?*_~]/.test(last) : count(link, last) <= count(link, open)) return link;
    link = link.slice(0, -1);
  }
}

function count(text: string, letter: string): number {
  return text.split(letter).length - 1;
}

function address(link: string): string | undefined {
  if (!URL.canParse(link)) return undefined;
  const url = new URL(link);
  const web = url.protocol === "http:" || url.protocol === "https:";
  if (!web || url.username !== "" || url.password !== "") return undefined;
  url.hash = "";
  return url.href.length > longest ? undefined : url.href;
}
