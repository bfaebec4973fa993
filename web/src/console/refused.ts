const known: Readonly<Record<string, string>> = {
  internal: "The server has a fault. Its log says more.",
  invalid: "The server does not take this.",
  malformed: "The server does not take this.",
  too_large: "This is too large.",
  unauthorized: "The credential does not count.",
  token_expired: "The token has run out.",
  token_revoked: "The credential was revoked.",
  forbidden: "The credential has not the right to this.",
  not_found: "There is no such thing.",
  deleted: "It was deleted.",
  exists: "It is there already, with other properties.",
  expired: "This part of the log is no longer kept.",
  rate_limited: "Too many requests. Try again in a moment.",
  too_many: "There are as many as there may be.",
  storage_full: "The server’s disk is full.",
  unavailable: "The store is out of reach.",
  going_away: "The server is stopping. Try again in a moment.",
  unreachable: "The server does not answer.",
  broken: "The page has a fault.",
};

/** What a refusal means, in words. */
export function wordsFor(refusal: { code: string; detail?: string }): string {
  const words = known[refusal.code] ?? `The server refused: ${refusal.code}.`;
  return refusal.detail && refusal.code !== "unreachable" ? `${words} (${refusal.detail})` : words;
}
