import type { ListedMessage } from "@parley/client/messages";

/** Messages of one person that come within so many milliseconds of each other stand together. */
const together = 5 * 60_000;

/** Where the first from this seq on is, of what is in order; messages on their way come after all that are stored. */
export function placeOf(all: readonly { readonly seq?: number | undefined }[], seq: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = all[middle]?.seq ?? Number.POSITIVE_INFINITY;
    if (at < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where this very message is; -1: it is not among them. */
export function indexOf(
  messages: readonly ListedMessage[],
  { key, seq }: Pick<ListedMessage, "key" | "seq">,
): number {
  if (seq !== undefined) {
    const i = placeOf(messages, seq);
    return messages[i]?.key === key ? i : -1;
  }
  // It is on its way, or was when it was looked at last: then it is near the end.
  for (let i = messages.length - 1; i >= Math.max(0, messages.length - 2000); i--) {
    if (messages[i]?.key === key) return i;
  }
  return -1;
}

/** The day that a moment is on, by the person's own clock. */
export function dayOf(at: string): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

/** Reports whether a message goes on what the one before it began: no name and picture again. */
export function goesOn(before: ListedMessage | undefined, m: ListedMessage): boolean {
  if (before === undefined || before.senderId !== m.senderId) return false;
  if (isDeleted(before) || isDeleted(m) || parentOf(before) !== parentOf(m)) return false;
  const apart = Date.parse(m.createdAt) - Date.parse(before.createdAt);
  return apart < together && dayOf(before.createdAt) === dayOf(m.createdAt);
}

/** Reports whether a message is the first of its day; of the first that is held that is known where there is none before it. */
export function startsDay(before: ListedMessage | undefined, m: ListedMessage, hasOlder: boolean): boolean {
  return before === undefined ? !hasOlder : dayOf(before.createdAt) !== dayOf(m.createdAt);
}

export function isDeleted(m: ListedMessage): boolean {
  return m.seq !== undefined && m.deletedAt !== undefined;
}

/** The message whose thread it is in. */
export function parentOf(m: ListedMessage): string | undefined {
  return m.seq === undefined ? m.draft.parentId : m.parentId;
}
