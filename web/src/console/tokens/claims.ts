/** What a token says of itself. */
export interface Claims {
  readonly jti: string | undefined;
  /** When it ends, ISO 8601. */
  readonly exp: string | undefined;
  /** Undefined if it does not say; so do those of other issuers. */
  readonly project: string | undefined;
}

/** The claims of a token, which nobody has verified; undefined if it is none. */
export function claimsOf(token: string): Claims | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const claims = parsed(parts[1] ?? "");
  if (typeof claims !== "object" || claims === null) return undefined;
  const jti = "jti" in claims && typeof claims.jti === "string" ? claims.jti : undefined;
  const exp = "exp" in claims && typeof claims.exp === "number" ? claims.exp : Number.NaN;
  const end = new Date(exp * 1000);
  const project = "project" in claims && typeof claims.project === "string" ? claims.project : undefined;
  return { jti, project, exp: Number.isNaN(end.getTime()) ? undefined : end.toISOString() };
}

function parsed(part: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
