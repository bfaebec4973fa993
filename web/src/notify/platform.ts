import type { Word } from "./notice";

/** What notifications need of a browser. */
export interface Platform {
  /** Whether the browser can show notifications on this page at all; over plain HTTP it cannot. */
  readonly able: boolean;
  permission(): NotificationPermission;
  /** Asks the person. Browsers take it of a click only. */
  ask(): Promise<NotificationPermission>;
  /** Has the service worker run. */
  start(): Promise<void>;
  /** Says something to the service worker, if it runs. */
  tell(word: Word): Promise<void>;
  /** The browser's subscription for this key, made anew if it has none or one for another; undefined: it cannot be had. */
  subscribe(key: string): Promise<PushSubscriptionJSON | undefined>;
  unsubscribe(): Promise<void>;
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

const path = "/sw.js";

/** The browser that this page is in. */
export function browserPlatform(): Platform {
  let script: string | undefined;
  const registration = () => navigator.serviceWorker.getRegistration("/");
  return {
    able:
      isSecureContext &&
      "serviceWorker" in navigator &&
      "Notification" in globalThis &&
      "showNotification" in ServiceWorkerRegistration.prototype,
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    async start() {
      script ??= trusted();
      await navigator.serviceWorker.register(script, { scope: "/", updateViaCache: "none" });
      await navigator.serviceWorker.ready;
    },
    async tell(word) {
      (await registration())?.active?.postMessage(word);
    },
    async subscribe(key) {
      const manager = (await registration())?.pushManager;
      if (!manager) return undefined;
      try {
        return (await subscription(manager, bytesOf(key))).toJSON();
      } catch {
        return undefined; // there is no push service, or it is out of reach
      }
    },
    async unsubscribe() {
      await (await (await registration())?.pushManager?.getSubscription())?.unsubscribe();
    },
  };
}

async function subscription(manager: PushManager, key: Uint8Array<ArrayBuffer>): Promise<PushSubscription> {
  const before = await manager.getSubscription();
  const with_ = before?.options.applicationServerKey;
  if (before && with_ && same(new Uint8Array(with_), key)) return before;
  await before?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** The worker's path, as a page without the right to make script URLs has it taken. */
function trusted(): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (!types) return path;
  const policy = types.createPolicy("parley", {
    createScriptURL(url) {
      if (url === path) return url;
      throw new TypeError(`${url} is no script of this page's`);
    },
  });
  return policy.createScriptURL(path) as string; // the DOM's types do not know trusted ones
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
