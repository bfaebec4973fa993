import type { Client } from "@parley/client";
import { anybodyLooking, noteLooking } from "./attention";
import { Blocks } from "./blocks";
import { Choices } from "./choices";
import { concerns, noticeOf, type Where } from "./concern";
import { Device, key } from "./device";
import type { Opened } from "./notice";
import type { Platform } from "./platform";

/** Tells one client's user of messages, on this device and as they chose. */
export class Notifier {
  readonly device: Device;
  readonly choices: Choices;
  readonly #blocks: Blocks;
  readonly #client: Client;
  readonly #platform: Platform;

  constructor(client: Client, platform: Platform, drawer: Storage | undefined = localDrawer()) {
    this.#client = client;
    this.#platform = platform;
    this.device = new Device(client, platform, drawer);
    this.choices = new Choices(client);
    this.#blocks = new Blocks(client);
  }

  /**
   * Begins: messages that come while nobody looks are shown, and go when they are read here or
   * elsewhere. `where` says what is known of a channel; `open` goes to a message that was clicked.
   */
  start(where: (channelId: string) => Where, open: (channelId: string, id: string) => void): () => void {
    const client = this.#client;
    let told: string | undefined; // whom the server knows this browser by
    let chosen: Promise<void> | undefined; // what comes first may be what somebody wants to hear nothing of
    const ready = () => {
      chosen = this.choices.load();
      if (told === client.userId) return; // once a page is enough
      told = client.userId;
      void this.device.renew();
    };
    const stops = [
      noteLooking(),
      client.on("ready", ready),
      client.on("message", async (message) => {
        if (this.device.snapshot().state !== "on") return;
        await chosen;
        if (await anybodyLooking()) return;
        const at = where(message.channelId);
        if (!(await concerns(client, message, at, this.choices.of(message.channelId)))) return;
        if (await this.#blocks.has(message.senderId)) return;
        await this.#platform.tell({ type: "parley.notify", notice: noticeOf(client, message, at) });
      }),
      client.on("cursors", ({ channelId }) => this.#read(channelId)),
      this.#clicked(open),
      this.#elsewhere(),
    ];
    if (client.isConnected) ready();
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Takes away what was shown of a channel and has been read. */
  #read(channelId: string): void {
    const { userId } = this.#client;
    const seq = this.#client.cursors(channelId).get(userId ?? "")?.read ?? 0;
    if (userId === undefined || seq === 0 || this.device.snapshot().state !== "on") return;
    void this.#platform.tell({ type: "parley.read", userId, channelId, seq });
  }

  /** Has the device know what another page has turned on or off. */
  #elsewhere(): () => void {
    const listener = (event: StorageEvent) => {
      if (event.key === key || event.key === null) this.device.look();
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }

  #clicked(open: (channelId: string, id: string) => void): () => void {
    if (!this.#platform.able) return () => {};
    const listener = ({ data }: MessageEvent<Partial<Opened> | null>) => {
      const { type, userId, channelId, id } = data ?? {};
      if (type !== "parley.open" || userId !== this.#client.userId) return;
      if (channelId !== undefined && id !== undefined) open(channelId, id);
    };
    navigator.serviceWorker.addEventListener("message", listener);
    return () => navigator.serviceWorker.removeEventListener("message", listener);
  }
}

function localDrawer(): Storage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
