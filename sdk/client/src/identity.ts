import type { Credentials, Session } from "./link";

export interface IdentityOptions {
  token?: string;
  apiKey?: string;
  getToken?: (fresh: boolean) => Promise<string> | string;
  userId?: string;
  userName?: string;
}

/** Who this client says it is. */
export class Identity {
  private shown: Credentials | undefined;
  private guest: string | undefined; // the pass of the guest that the server made of us

  constructor(
    private readonly options: IdentityOptions,
    /** Told of what is shown, each time. */
    private readonly told: (who: Credentials) => void = () => {},
  ) {}

  /** Another token can be had when one is refused. */
  get renewable(): boolean {
    return this.options.getToken !== undefined;
  }

  /** For a connection. `fresh`: the last token was refused, or is about to expire. */
  async show(fresh: boolean): Promise<Credentials> {
    const { getToken, token, apiKey, userId, userName } = this.options;
    const good = getToken ? await getToken(fresh) : (this.guest ?? token ?? apiKey);
    this.shown = { token: good, userId, userName };
    this.told(this.shown);
    return this.shown;
  }

  /** For a request beside the connection: what was shown last. */
  async last(): Promise<Credentials> {
    return this.shown && !this.guest ? this.shown : this.show(false);
  }

  admitted(session: Session): void {
    this.guest = session.guestToken ?? this.guest;
  }
}
