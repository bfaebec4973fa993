import { useCallback, useEffect, useMemo, useState } from "react";
import { Refusal, Rest } from "./rest";

/** Who may use the console, and how one becomes it. */
export interface Access {
  /** Undefined as long as nobody has been let in. */
  readonly rest: Rest | undefined;
  /** Why nobody is, or is no longer. */
  readonly refusal: Refusal | undefined;
  /** Tries a credential. */
  readonly enter: (credential: string) => Promise<void>;
  readonly leave: () => void;
  /** The project in which is acted, if that is another than the credential's own; else empty. */
  readonly project: string;
  /** Chooses it, which is the server's operator's to do. */
  readonly choose: (project: string) => void;
}

/** Keeps a text for a tab. */
export type Drawer = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The tab's own drawer: what is in it goes when the tab is closed. Undefined where the browser forbids it. */
export function tabDrawer(): Drawer | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

const key = "parley.console";
const projectKey = "parley.console.project";

/**
 * Lets in who holds a secret key or a token with chat:admin; the credential is kept in `drawer`, and dropped
 * when the server says that it counts no more. On a server with --dev it is whoever opens the page, by a token
 * that the page mints for itself.
 */
export function useAccess(dev: boolean, drawer: Drawer | undefined): Access {
  const [credential, setCredential] = useState(() => (dev ? "" : (drawer?.getItem(key) ?? "")));
  const [refusal, setRefusal] = useState<Refusal>();
  const [project, setProject] = useState(() => drawer?.getItem(projectKey) ?? "");

  const choose = useCallback(
    (name: string) => {
      if (name) drawer?.setItem(projectKey, name);
      else drawer?.removeItem(projectKey);
      setProject(name);
    },
    [drawer],
  );
  const hold = useCallback(
    (text: string, why?: Refusal) => {
      if (text && !dev) drawer?.setItem(key, text);
      else drawer?.removeItem(key);
      choose("");
      setCredential(text);
      setRefusal(why);
    },
    [dev, drawer, choose],
  );
  const enter = useCallback(
    (text: string) => admitted(text).then(hold, (why) => setRefusal(asRefusal(why))),
    [hold],
  );

  useEffect(() => {
    if (dev && !credential && !refusal) void minted().then(hold, (why) => setRefusal(asRefusal(why)));
  }, [dev, credential, refusal, hold]);

  const rest = useMemo(() => {
    const ended = (why: Refusal) => hold("", dev && why.code === "token_expired" ? undefined : why);
    return credential ? new Rest(credential, ended, project) : undefined;
  }, [credential, dev, hold, project]);
  return { rest, refusal, enter, leave: useCallback(() => hold(""), [hold]), project, choose };
}

/** Asks for what the console is for: whose sessions there are is told to administrators alone. */
async function admitted(credential: string): Promise<string> {
  if (!/^[\x21-\x7e]+$/.test(credential)) throw new Refusal("unauthorized", "", 401);
  await new Rest(credential).ask("get", "/v1/sessions", { query: { limit: 1 } });
  return credential;
}

async function minted(): Promise<string> {
  const body = { userId: "console", scopes: ["chat:admin"] };
  return (await new Rest("").ask("post", "/auth/token", { body })).tsToken;
}

function asRefusal(err: unknown): Refusal {
  return err instanceof Refusal ? err : new Refusal("broken", String(err));
}
