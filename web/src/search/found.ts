import type { Client, Json, Message } from "@parley/client";

/** A part of a text, in UTF-16 code units; `to` is behind its end. */
export interface Highlight {
  readonly from: number;
  readonly to: number;
}

/** A message that was found. */
export interface Hit {
  readonly message: Message;
  readonly highlights: readonly Highlight[];
}

/** A page of hits, the newest first. */
export interface Found {
  readonly hits: readonly Hit[];
  /** There are more: ask with it as `before`. */
  readonly next: string | undefined;
  /** The index is being made: old messages may be missing. */
  readonly indexing: boolean;
}

/** Asks for a page of what the user may read. */
export async function find(
  client: Client,
  query: string,
  { before, signal }: { before?: string | undefined; signal: AbortSignal },
): Promise<Found> {
  return foundOf(await client.request("GET", "/v1/search", { query: { q: query, before }, signal }));
}

/** Reads an answer of `GET /v1/search`. */
export function foundOf(answer: Json): Found {
  const { messages, next, indexing } = answer as unknown as {
    messages?: Hit[];
    next?: string;
    indexing?: boolean;
  };
  return { hits: messages ?? [], next, indexing: indexing ?? false };
}

/** Hits of one channel, in their order. */
export interface Group {
  readonly channelId: string;
  readonly hits: readonly Hit[];
}

/** The hits by channel, the channel with the newest first. */
export function byChannel(hits: readonly Hit[]): Group[] {
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) {
    const { channelId } = hit.message;
    const group = groups.get(channelId);
    if (group) group.push(hit);
    else groups.set(channelId, [hit]);
  }
  return [...groups].map(([channelId, group]) => ({ channelId, hits: group }));
}
