/** Who somebody says that they are: by a name that a server with --dev believes, or by a token. */
export type Credentials =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "token"; readonly token: string };

const key = "parley.credentials";
const nameKey = "parley.name";
const saidKey = "parley.said";

/** What somebody says of themselves; the server knows it for as long as they are there. */
export interface Said {
  readonly status: "online" | "away";
  readonly custom: string | null;
}

/**
 * Where credentials are kept: in the tab always, so that a reload changes nothing; on the device where
 * the person wants to stay signed in. A browser may forbid either: then nothing is remembered.
 */
export interface Drawers {
  readonly tab: Storage | undefined;
  readonly device: Storage | undefined;
}

/** The browser's, as far as it lets us. */
export function browserDrawers(): Drawers {
  return { tab: allowed(() => sessionStorage), device: allowed(() => localStorage) };
}

export function remember(drawers: Drawers, who: Credentials, stay: boolean): void {
  const text = JSON.stringify(who);
  put(drawers.tab, key, text);
  put(drawers.device, key, stay ? text : undefined);
  if (who.kind === "name") put(drawers.device, nameKey, who.name);
}

/** Forgets whose tab this is; `refused`: on the device only these, for another tab may have got better ones. */
export function forget(drawers: Drawers, refused?: Credentials): void {
  put(drawers.tab, key, undefined);
  put(drawers.tab, saidKey, undefined);
  if (refused && take(drawers.device, key) !== JSON.stringify(refused)) return;
  put(drawers.device, key, undefined);
  put(drawers.device, saidKey, undefined);
}

/** Keeps what somebody says where their credentials are. */
export function rememberSaid(drawers: Drawers, said: Said): void {
  for (const drawer of [drawers.tab, drawers.device])
    if (take(drawer, key) !== undefined) put(drawer, saidKey, JSON.stringify(said));
}

/** What was said last in this tab, or else on this device. */
export function recallSaid(drawers: Drawers): Said | undefined {
  try {
    const text = take(drawers.tab, saidKey) ?? take(drawers.device, saidKey);
    const { status, custom } = JSON.parse(text ?? "{}") as { [member: string]: unknown };
    if ((status === "online" || status === "away") && (custom === null || typeof custom === "string"))
      return { status, custom };
  } catch {
    // somebody else's
  }
  return undefined;
}

/** Whose tab this is, if that is known and of the kind that this server takes. */
export function recall(drawers: Drawers, kind: Credentials["kind"]): Credentials | undefined {
  for (const drawer of [drawers.tab, drawers.device]) {
    const who = parse(take(drawer, key));
    if (who?.kind === kind) return who;
  }
  return undefined;
}

/** The name that was given last on this device. */
export function lastName(drawers: Drawers): string {
  return take(drawers.device, nameKey) ?? "";
}

/** The user that a name stands for on a server that believes names: the same name is the same person. */
export function userIdOf(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, "-");
}

function parse(text: string | undefined): Credentials | undefined {
  try {
    const { kind, name, token } = JSON.parse(text ?? "{}") as { [member: string]: unknown };
    if (kind === "name" && typeof name === "string") return { kind, name };
    if (kind === "token" && typeof token === "string") return { kind, token };
  } catch {
    // somebody else's
  }
  return undefined;
}

function allowed(open: () => Storage): Storage | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

function take(drawer: Storage | undefined, name: string): string | undefined {
  try {
    return drawer?.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}

function put(drawer: Storage | undefined, name: string, value: string | undefined): void {
  try {
    if (value === undefined) drawer?.removeItem(name);
    else drawer?.setItem(name, value);
  } catch {
    // full, or forbidden
  }
}
