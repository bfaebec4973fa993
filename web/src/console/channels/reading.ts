import { Refusal, type Rest, type Schemas } from "../rest";

/** A page of a log. */
export interface Reading {
  readonly events: Schemas["EventPage"]["events"];
  /** The seq that the page comes after. */
  readonly from: number;
  /** What came up to this seq is no longer kept; 0: nothing was found missing. */
  readonly horizon: number;
  readonly more: boolean;
}

/**
 * Reads up to `limit` events after a seq. Where those are no longer kept it reads the oldest that are: whoever
 * looks at a log wants what there is of it.
 */
export async function readLog(
  rest: Rest,
  channel: string,
  after: number,
  limit: number,
  signal?: AbortSignal,
): Promise<Reading> {
  const read = async (from: number, horizon: number) => {
    const page = await rest.ask("get", "/v1/channels/{channel}/events", {
      path: { channel },
      query: { after: from, limit },
      signal,
    });
    return { events: page.events, from, horizon, more: page.next !== undefined };
  };
  try {
    return await read(after, 0);
  } catch (err) {
    const horizon = err instanceof Refusal ? err.horizon : undefined;
    if (horizon === undefined || horizon === after) throw err;
    return read(horizon, horizon);
  }
}
