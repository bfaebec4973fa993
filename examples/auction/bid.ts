import { type Json, ParleyError, type SharedState } from "@parley/client";

export type Bid = { bidder: string; amount: number };

/** What a value of the shared state is as a bid; undefined: it is none. */
export function bidOf(value: Json | undefined): Bid | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { bidder, amount } = value;
  return typeof bidder === "string" && typeof amount === "number" ? { bidder, amount } : undefined;
}

/**
 * Bids, unless a bid as high stands already. Resolves with the bid that stands
 * then: one's own, or the one that is in the way.
 *
 * The bid follows one that this client has seen, by its version. If another was
 * quicker, the server refuses, and this one is weighed against that.
 */
export async function place(lot: SharedState, mine: Bid): Promise<Bid> {
  for (;;) {
    const key = await lot.get("highest");
    const standing = bidOf(key?.value);
    if (standing && standing.amount >= mine.amount) return standing;
    try {
      await lot.set("highest", mine, { if: key?.version ?? 0 });
      return mine;
    } catch (error) {
      if (!(error instanceof ParleyError && error.code === "version_conflict")) throw error;
    }
  }
}
