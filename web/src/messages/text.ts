/** Beyond so many characters a message is shown as it was written. */
const most = 10_000;

/** So does one with more of what emphasis is written with in a paragraph: to pair them takes the square of their number. */
const mostEmphasis = 300;

const marks =
  /[*_`~[\\]|<https?:|^ {0,3}(?:#{1,6}\s|>|[-+]\s|\d{1,9}[.)]\s|={3,}|-{3,})|^\s*\|?.*\|.*\n\s*\|?\s*:?-/m;

/** Quotes and lists deeper than this are no writing, but an attack on whoever unfolds them. */
const deep = /(?:>[ \t]*){8,}|^[ \t]{40,}\S|(?:[-+*][ \t]+){8,}|[[\]]{24,}|[*_~]{40,}/m;

/** Reports whether a text may have markdown in it, and is worth looking at for that. */
export function hasMarkdown(text: string): boolean {
  return text.length <= most && marks.test(text) && !deep.test(text) && !isBomb(text);
}

function isBomb(text: string): boolean {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "\n\n");
  return prose.split(/\n\s*\n/).some((paragraph) => (paragraph.match(/[*_~]+/g)?.length ?? 0) > mostEmphasis);
}

const onlyEmoji =
  /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[#*0-9]\ufe0f?\u20e3|[\u200d\ufe0f]|[\u{e0020}-\u{e007f}]|\s)+$/u;

/** Reports whether a text is a few emoji and nothing else: they are shown large. */
export function isEmojiOnly(text: string): boolean {
  if (text.length > 64 || !onlyEmoji.test(text)) return false;
  let n = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    if (segment.trim() !== "") n++;
  }
  return n > 0 && n <= 6;
}
