import type { Client, Message } from "../index";
import type { SequenceRange } from "./ordering";

const pageSize = 200;

export interface Found {
  messages: Message[];
  /** Those that are no longer kept. */
  gaps: SequenceRange[];
}

/**
 * Messages by their numbers. Pages go by `seq`, which counts other events too:
 * a message's seq is above its number, and between two messages it grows at
 * least as much as the number does, so a page that ends too early says where to
 * look next.
 */
export async function messagesBetween(
  client: Client,
  channelId: string,
  { from, to }: SequenceRange,
): Promise<Found> {
  const found: Found = { messages: [], gaps: [] };
  let next = from;
  for (let after = from; next <= to; ) {
    const page = await client.getHistory(channelId, { after, limit: pageSize });
    const last = page.at(-1);
    if (!last) break; // the end of what there is
    for (const m of page) {
      if (m.sequence < next) continue;
      const end = Math.min(m.sequence, to + 1);
      if (end > next) found.gaps.push({ from: next, to: end - 1 });
      if (m.sequence <= to) found.messages.push(m);
      next = m.sequence + 1;
    }
    after = last.seq + Math.max(0, next - last.sequence - 1);
  }
  return found;
}
