import type { Client, UploadedFile, UploadOptions } from "@parley/client";
import { Store } from "./store";

/** How far an upload has come. */
export type UploadProgress =
  | { readonly state: "idle"; readonly progress: 0 }
  | { readonly state: "uploading" /** From 0 to 1. */; readonly progress: number }
  | { readonly state: "done"; readonly progress: 1; readonly file: UploadedFile }
  | { readonly state: "failed"; readonly progress: number; readonly error: unknown };

export const idle: UploadProgress = { state: "idle", progress: 0 };

/** One upload after another, of which the last is shown. */
export class UploadStore extends Store {
  #current: UploadProgress = idle;
  #aborter: AbortController | undefined;
  readonly #client: Client;

  constructor(client: Client) {
    super();
    this.#client = client;
  }

  readonly snapshot = (): UploadProgress => this.#current;

  readonly upload = async (
    file: Blob | Uint8Array,
    options: Omit<UploadOptions, "onProgress" | "signal">,
  ): Promise<UploadedFile> => {
    const aborter = new AbortController();
    this.#aborter = aborter;
    const show = (current: UploadProgress) => {
      if (this.#aborter === aborter) this.#show(current);
    };
    show({ state: "uploading", progress: 0 });
    try {
      const uploaded = await this.#client.upload(file, {
        ...options,
        signal: aborter.signal,
        onProgress: (sent, total) => show({ state: "uploading", progress: total > 0 ? sent / total : 0 }),
      });
      show({ state: "done", progress: 1, file: uploaded });
      return uploaded;
    } catch (error) {
      if (aborter.signal.aborted) show(idle);
      else show({ state: "failed", progress: this.#current.progress, error });
      throw error;
    }
  };

  /** Gives the upload up. */
  readonly abort = (): void => this.#aborter?.abort();

  protected start(): void {}

  // An upload goes on when nobody looks: what follows it may be in a component that is gone.
  protected stop(): void {}

  #show(current: UploadProgress): void {
    this.#current = current;
    this.changed();
  }
}
