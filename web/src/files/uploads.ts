import type { Client, UploadedFile } from "@parley/client";
import { ParleyError } from "@parley/client";
import type { ResumableUpload, UploadState } from "@parley/client/files";
import { Speed } from "./speed";

/** A file on its way into a channel. */
export interface Item {
  readonly id: string;
  readonly channelId: string;
  /** The message that it is to be a reply to. */
  readonly parentId?: string;
  readonly name: string;
  /** In bytes. */
  readonly total: number;
  readonly sent: number;
  readonly state: "queued" | "uploading" | "paused" | "retrying" | "failed";
  /** Bytes a second, once it is known. */
  readonly speed?: number;
  /** Why it failed, or waits. */
  readonly error?: unknown;
  /** The size of the largest file that the server takes, where that is why it failed. */
  readonly limit?: number;
}

/** What is known of an item beside what is shown. */
interface Work {
  item: Item;
  readonly file: File;
  readonly speed: Speed;
  upload?: ResumableUpload;
  uploaded?: UploadedFile; // all that is missing is the message
  busy?: true; // it is being carried, if only as far as a pause
  held?: true; // paused before it began
}

/**
 * Bytes in one request. What a browser tells of its progress counts what it gave to
 * the system, which may be megabytes ahead of what the server has: by a piece at most.
 */
const piece = 2 << 20;
/** So many files go up at once; the others wait their turn. */
const atOnce = 2;

/** The files that this page uploads. Each is shared by a message as soon as the server has it. */
export class Uploads {
  static readonly #all = new WeakMap<Client, Uploads>();
  readonly #client: Client;
  readonly #now: () => number;
  readonly #work = new Map<string, Work>();
  readonly #listeners = new Set<() => void>();
  #items: readonly Item[] = [];

  constructor(client: Client, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
    client.on("connection", ({ state }) => state === "closed" && this.#end());
  }

  /** The client's own. */
  static of(client: Client): Uploads {
    const uploads = Uploads.#all.get(client) ?? new Uploads(client);
    Uploads.#all.set(client, uploads);
    return uploads;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    this.#listeners.add(mine);
    return () => {
      this.#listeners.delete(mine);
    };
  };

  readonly snapshot = (): readonly Item[] => this.#items;

  /** Uploads files to a channel, begun in their order, and shares each when it is there; `parentId`: as replies to that message. */
  add(channelId: string, files: readonly File[], parentId?: string): void {
    for (const file of files) {
      const item: Item = {
        id: crypto.randomUUID?.() ?? `${this.#now()}-${Math.random()}`,
        channelId,
        ...(parentId !== undefined && { parentId }),
        name: file.name,
        total: file.size,
        sent: 0,
        state: "queued",
      };
      this.#work.set(item.id, { item, file, speed: new Speed() });
    }
    this.#changed();
    this.#next();
  }

  pause(id: string): void {
    const work = this.#work.get(id);
    if (!work) return;
    if (work.upload) {
      work.upload.pause();
    } else {
      work.held = true;
      this.#show(work, { state: "paused" });
    }
    this.#next();
  }

  /** Goes on with one that is paused, waits or has failed. */
  resume(id: string): void {
    const work = this.#work.get(id);
    if (!work) return;
    delete work.held;
    if (work.busy) work.upload?.resume();
    else this.#show(work, { state: "queued" });
    this.#next();
  }

  /** Gives it up, and shows it no more. */
  cancel(id: string): void {
    const work = this.#work.get(id);
    this.#work.delete(id);
    this.#changed();
    work?.upload?.cancel().catch(() => {});
  }

  /** Begins what waits, as far as there is room. */
  #next(): void {
    for (const work of this.#work.values()) {
      const under = this.#items.filter(({ state }) => state === "uploading" || state === "retrying");
      if (under.length >= atOnce) return;
      if (work.item.state !== "queued" || work.busy) continue;
      work.busy = true;
      this.#show(work, { state: "uploading" });
      this.#carry(work)
        .catch((error) => this.#failed(work, error))
        .finally(() => {
          delete work.busy;
          this.#next();
        });
    }
  }

  async #carry(work: Work): Promise<void> {
    const { channelId } = work.item;
    if (!work.uploaded) {
      const { ResumableUpload } = await import("@parley/client/files");
      if (!this.#work.has(work.item.id)) return; // cancelled meanwhile
      const upload =
        work.upload ?? new ResumableUpload(this.#client, work.file, { channel: channelId, piece });
      if (!work.upload) upload.subscribe(() => this.#progress(work, upload.snapshot()));
      work.upload = upload;
      if (work.held) upload.pause();
      work.uploaded = await upload.start();
    }
    await this.#share(work, work.uploaded);
    this.#work.delete(work.item.id);
    this.#changed();
  }

  /** Sends the message that names the file: from there on it is among the messages that wait. */
  async #share(work: Work, { url, fileName, fileSize, width, height, thumbnailUrl }: UploadedFile) {
    const { id: nonce, channelId, parentId } = work.item;
    const pictured = { ...(width && height && { width, height }), ...(thumbnailUrl && { thumbnailUrl }) };
    const body = { type: "file", url, fileName, fileSize, ...pictured };
    const draft = { body, nonce, ...(parentId !== undefined && { parentId }) };
    const sent = this.#client.sendMessage(channelId, draft);
    if (!this.#client.waiting(channelId).some((waiting) => waiting.nonce === nonce)) await sent;
    else sent.catch(() => {}); // the list of messages shows it
  }

  #progress(work: Work, now: UploadState): void {
    const { sent } = now;
    switch (now.state) {
      case "uploading":
        work.speed.mark(this.#now(), sent);
        this.#show(work, { state: "uploading", sent });
        break;
      case "paused":
        work.speed.reset();
        this.#show(work, { state: "paused", sent });
        break;
      case "retrying":
        work.speed.reset();
        this.#show(work, { state: "retrying", sent, error: now.error });
    }
  }

  #failed(work: Work, error: unknown): void {
    this.#show(work, { state: "failed", error });
    if (!(error instanceof ParleyError) || error.code !== "too_large") return;
    import("@parley/client/files")
      .then(({ largestUpload }) => largestUpload(this.#client))
      .then(
        (limit) => {
          if (limit !== undefined) this.#show(work, { state: "failed", error, limit });
        },
        () => {}, // it was said that it is too large
      );
  }

  #show(work: Work, more: Pick<Item, "state"> & Partial<Item>): void {
    const { speed: _, error: __, limit: ___, ...same } = work.item;
    const speed = more.state === "uploading" ? work.speed.perSecond : undefined;
    work.item = { ...same, ...(speed !== undefined && { speed }), ...more };
    if (this.#work.get(same.id) === work) this.#changed();
  }

  /** Whoever signs out leaves nothing behind: what was not finished goes on when the same file is chosen again. */
  #end(): void {
    this.#work.clear();
    this.#changed();
  }

  #changed(): void {
    this.#items = [...this.#work.values()].map(({ item }) => item);
    // Who leaves the page would have to choose the files again.
    if (this.#items.some(({ state }) => state !== "failed")) addEventListener("beforeunload", warn);
    else removeEventListener("beforeunload", warn);
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Has the browser ask whether the page is to be left. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
