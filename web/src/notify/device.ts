import type { Client } from "@parley/client";
import type { Platform } from "./platform";

/** How it stands with notifications on this device. */
export interface DeviceView {
  /** `unable`: the browser has none here; `denied`: the person forbade them in the browser. */
  readonly state: "unable" | "denied" | "off" | "on";
  /** While it is on: whether the server can reach this browser when no page is open. */
  readonly push: boolean;
  /** Something is under way, or it is not known yet who the user is. */
  readonly busy: boolean;
}

/** The id that the server gave this browser, and whose notifications it shows. */
interface Kept {
  userId: string;
  id?: string;
}

/** Where that is, in what the browser's pages share. */
export const key = "parley.notify";

type Drawer = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Turns notifications on and off on this device, for one user at a time. */
export class Device {
  #view: DeviceView;
  #turn = 0;
  #working = false;
  readonly #listeners = new Set<() => void>();
  readonly #client: Client;
  readonly #platform: Platform;
  readonly #drawer: Drawer | undefined;

  constructor(client: Client, platform: Platform, drawer: Drawer | undefined) {
    this.#client = client;
    this.#platform = platform;
    this.#drawer = drawer;
    this.#view = { state: this.#state(), push: false, busy: client.userId === undefined };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): DeviceView => this.#view;

  /** Takes over what another page of this browser has turned on or off. */
  look(): void {
    const state = this.#state();
    if (state === this.#view.state) return;
    this.#show({ ...this.#view, state, push: state === "on" && this.#kept()?.id !== undefined });
  }

  /** Asks for permission, which takes a click, and has this device tell. */
  async turnOn(): Promise<void> {
    const { userId } = this.#client;
    if (userId === undefined || !this.#platform.able || this.#view.busy) return;
    await this.#work(async (stands) => {
      if ((await this.#platform.ask()) !== "granted") return false;
      return this.#subscribe(userId, stands);
    });
  }

  /** Once it is known who the user is: has the server know this browser still, if it is on for them. */
  async renew(): Promise<void> {
    const { userId } = this.#client;
    if (this.#working) return;
    await this.#work(async (stands) =>
      userId !== undefined && this.#state() === "on" ? this.#subscribe(userId, stands) : false,
    );
  }

  /**
   * Has this device tell no more, whatever is under way. The browser's own subscription ends even where
   * the server is out of reach. Before the first connection nobody knows who the user is: whoever's it is
   * ends.
   */
  turnOff(): Promise<void> {
    return this.#work(async () => {
      const kept = this.#kept();
      const { userId } = this.#client;
      if (userId !== undefined && userId !== kept?.userId) return false;
      this.#drawer?.removeItem(key);
      await Promise.allSettled([
        kept && this.#platform.tell({ type: "parley.gone", userId: kept.userId }),
        this.#unsubscribe(kept?.id),
      ]);
      return false;
    });
  }

  /** Subscribes as long as it `stands`: what was turned off meanwhile is undone. */
  async #subscribe(userId: string, stands: () => boolean): Promise<boolean> {
    try {
      await this.#platform.start();
      if (!stands()) return false;
      if (this.#kept()?.userId !== userId) this.#keep({ userId });
      const { key } = (await this.#client.request("GET", "/v1/push/key")) as { key: string };
      if (!stands()) return false;
      const { endpoint, keys } = (await this.#platform.subscribe(key)) ?? {};
      const { p256dh, auth } = keys ?? {};
      if (endpoint === undefined || p256dh === undefined || auth === undefined) return false;
      if (!stands()) return this.#undo();
      const made = await this.#client.request("PUT", "/v1/push/subscriptions", {
        body: { endpoint, keys: { p256dh, auth } },
      });
      const { id } = made as { id: string };
      if (!stands()) return this.#undo(id);
      this.#keep({ userId, id });
      return true;
    } catch {
      return false; // there is no service worker, or no room; or the server pushes nothing, or takes no more: then open pages still tell
    }
  }

  async #undo(id?: string): Promise<false> {
    if (!this.#kept()) await this.#unsubscribe(id); // else somebody else has turned it on since
    return false;
  }

  async #unsubscribe(id: string | undefined): Promise<void> {
    await Promise.allSettled([this.#platform.unsubscribe(), this.#forget(id)]);
  }

  async #forget(id: string | undefined): Promise<void> {
    if (id !== undefined) {
      await this.#client.request("DELETE", `/v1/push/subscriptions/${encodeURIComponent(id)}`);
    }
  }

  /** Does one thing at a time: what was begun before it stands no more. */
  async #work(work: (stands: () => boolean) => Promise<boolean>): Promise<void> {
    const turn = ++this.#turn;
    const stands = () => turn === this.#turn;
    this.#working = true;
    this.#show({ ...this.#view, busy: true });
    let push = false;
    try {
      push = await work(stands);
    } finally {
      if (stands()) {
        this.#working = false;
        this.#show({ state: this.#state(), push, busy: this.#client.userId === undefined });
      }
    }
  }

  #state(): DeviceView["state"] {
    if (!this.#platform.able || !this.#drawer) return "unable";
    if (this.#platform.permission() === "denied") return "denied";
    const { userId } = this.#client;
    const on =
      this.#platform.permission() === "granted" && userId !== undefined && this.#kept()?.userId === userId;
    return on ? "on" : "off";
  }

  #kept(): Kept | undefined {
    try {
      const { userId, id } = JSON.parse(this.#drawer?.getItem(key) ?? "{}") as Partial<Kept>;
      return userId === undefined ? undefined : { userId, ...(id !== undefined && { id }) };
    } catch {
      return undefined;
    }
  }

  /** Fails where there is no room: what is not kept could not be ended when somebody signs out. */
  #keep(kept: Kept): void {
    this.#drawer?.setItem(key, JSON.stringify(kept));
  }

  #show(view: DeviceView): void {
    this.#view = view;
    for (const listener of [...this.#listeners]) listener();
  }
}
