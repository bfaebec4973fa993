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
  readonly #options: IdentityOptions;
  readonly #told: (who: Credentials) => void;
  #shown: Credentials | undefined;
  #guest: string | undefined; // the pass of the guest that the server made of us

  constructor(
    options: IdentityOptions,
    /** Told of what is shown, each time. */
    told: (who: Credentials) => void = () => {},
  ) {
    this.#options = options;
    this.#told = told;
  }

  /** Another token can be had when one is refused. */
  get renewable(): boolean {
    return this.#options.getToken !== undefined;
  }

  /** For a connection. `fresh`: the last token was refused, or is about to expire. */
  async show(fresh: boolean): Promise<Credentials> {
    const { getToken, token, apiKey, userId, userName } = this.#options;
    const good = getToken ? await getToken(fresh) : (this.#guest ?? token ?? apiKey);
    this.#shown = { token: good, userId, userName };
    this.#told(this.#shown);
    return this.#shown;
  }

  /** For a request beside the connection: what was shown last. */
  async last(): Promise<Credentials> {
    return this.#shown && !this.#guest ? this.#shown : this.show(false);
  }

  admitted(session: Session): void {
    this.#guest = session.guestToken ?? this.#guest;
  }
}
