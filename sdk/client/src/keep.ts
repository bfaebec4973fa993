import type { Frame } from "./frame";

/** A draft as it is written down. All of it is JSON. */
export interface KeptDraft {
  /** Whose it is: a server, a project and a user. It must never be given out for another. */
  queue: string;
  channelId: string;
  nonce: string;
  frame: Frame;
}

/** Where drafts outlive the page or the process; one's own may be given as `keep`. */
export interface Keep {
  /** Writes a draft down, behind those that are there; one that is there already stays where it is. */
  add(draft: KeptDraft): Promise<void>;
  /** Forgets a draft. It is no error if there is none. */
  remove(draft: KeptDraft): Promise<void>;
  /** A queue's drafts, in the order in which they were added. */
  all(queue: string): Promise<KeptDraft[]>;
  close?(): void;
}

export interface DatabaseOptions {
  indexedDB: IDBFactory;
  /** How many drafts of a queue are taken. */
  most: number;
}

const version = 1;

/** Drafts in the browser's database, for all tabs of an origin; their order is the database's own count. */
export class Database implements Keep {
  #opening: Promise<IDBDatabase> | undefined;
  #isClosed = false;
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  add(draft: KeptDraft): Promise<void> {
    const { queue, channelId, nonce } = draft;
    return this.#run("readwrite", (store, give) => {
      const count = store.index("queue").count(queue);
      count.onsuccess = () => {
        if (count.result >= this.#options.most) {
          give(Promise.reject(Object.assign(new Error("too many drafts wait"), { code: "queue_full" })));
          return;
        }
        const there = store.index("nonce").getKey([queue, channelId, nonce]);
        there.onsuccess = () => {
          if (there.result === undefined) store.add(draft);
        };
      };
    });
  }

  remove({ queue, channelId, nonce }: KeptDraft): Promise<void> {
    return this.#run("readwrite", (store) => {
      const key = store.index("nonce").getKey([queue, channelId, nonce]);
      key.onsuccess = () => {
        if (key.result !== undefined) store.delete(key.result);
      };
    });
  }

  all(queue: string): Promise<KeptDraft[]> {
    return this.#run<KeptDraft[]>("readonly", (store, give) => {
      const rows = store.index("queue").getAll(queue);
      rows.onsuccess = () => give(rows.result);
    });
  }

  close(): void {
    this.#isClosed = true;
    void this.#opening?.then(
      (db) => db.close(),
      () => {},
    );
  }

  /** Runs one transaction, and is kept with what `use` gives once it is committed. */
  async #run<T = void>(
    mode: IDBTransactionMode,
    use: (store: IDBObjectStore, give: (value: T | Promise<T>) => void) => void,
  ): Promise<T> {
    const tx = await this.#begin(mode);
    return new Promise<T>((resolve, reject) => {
      let given: T | Promise<T>;
      tx.oncomplete = () => resolve(given);
      tx.onabort = () => reject(tx.error ?? new Error("the database gave up"));
      use(tx.objectStore("drafts"), (value) => {
        if (value instanceof Promise) value.catch(() => {}); // told when the transaction is over
        given = value;
      });
    });
  }

  async #begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    try {
      return (await this.#open()).transaction("drafts", mode);
    } catch (error) {
      if ((error as Error).name !== "InvalidStateError") throw error;
      this.#opening = undefined; // it was closed under us, for another version or by who clears the data
      return (await this.#open()).transaction("drafts", mode);
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#isClosed) return Promise.reject(new Error("closed"));
    this.#opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = this.#options.indexedDB.open("parley", version);
      request.onupgradeneeded = () => {
        const store = request.result.createObjectStore("drafts", { autoIncrement: true });
        store.createIndex("queue", "queue");
        store.createIndex("nonce", ["queue", "channelId", "nonce"], { unique: true });
      };
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const db = request.result;
        db.onversionchange = () => db.close();
        resolve(db);
      };
    });
    return this.#opening;
  }
}
