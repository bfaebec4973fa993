import type { UploadedFile, UploadOptions } from "@parley/client";
import { useMemo, useSyncExternalStore } from "react";
import { useParley } from "./context";
import { idle, type UploadProgress, UploadStore } from "./upload-store";

/** How far this component's upload has come, and what begins and ends one. */
export type Upload = UploadProgress & {
  readonly upload: (
    file: Blob | Uint8Array,
    options: Omit<UploadOptions, "onProgress" | "signal">,
  ) => Promise<UploadedFile>;
  /** Gives the upload up. */
  readonly abort: () => void;
};

/**
 * Uploads files to channels, one at a time. `upload` is kept with the file, whose
 * `url` goes into a message; it fails where it is refused or aborted. It goes on
 * if the component is taken down.
 */
export function useUpload(): Upload {
  const client = useParley();
  const store = useMemo(() => new UploadStore(client), [client]);
  const progress = useSyncExternalStore(store.subscribe, store.snapshot, () => idle);
  return useMemo(() => ({ ...progress, upload: store.upload, abort: store.abort }), [progress, store]);
}
