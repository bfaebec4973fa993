/**
 * The service worker: it shows what the server pushes while no page is open, and what pages have it
 * show while nobody looks at them, and opens the message that is clicked. It keeps no copy of the app:
 * it has no `fetch`, so that what is loaded is always what the server has.
 *
 * It imports nothing but types: a service worker of several files would have to be a module, which not
 * every browser takes.
 */
import type { Notice, Opened, Word } from "./notify/notice";

/** As much of a service worker's scope as is used here. */
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<readonly Page[]>;
    openWindow(url: string): Promise<Page | null>;
  };
  readonly location: Location;
  skipWaiting(): Promise<void>;
  addEventListener<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void;
}

interface Page {
  readonly url: string;
  readonly visibilityState: DocumentVisibilityState;
  focus(): Promise<Page>;
  postMessage(word: Opened): void;
}

interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Events {
  install: Lasting;
  activate: Lasting;
  push: Lasting & { readonly data: { json(): unknown } | null };
  message: Lasting & { readonly data: unknown };
  notificationclick: Lasting & { readonly notification: Notification };
}

const scope = globalThis as unknown as Scope; // the page's types say that this is a window

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("push", (event) => event.waitUntil(inTurn(() => pushed(event.data))));
scope.addEventListener("message", (event) => event.waitUntil(inTurn(() => told(event.data))));
scope.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(opened(event.notification.data));
});

let turn: Promise<unknown> = Promise.resolve();

/**
 * Does one thing after the other: what is shown depends on what was shown before. And Chromium forgets
 * a notification that it is about to show when it is asked meanwhile which ones there are.
 */
function inTurn(work: () => Promise<void>): Promise<void> {
  const done = turn.then(work);
  turn = done.catch(() => undefined);
  return done;
}

/** A browser that is pushed something has to show something, or it takes the permission away. */
async function pushed(data: { json(): unknown } | null): Promise<void> {
  const notice = noticeOf(parse(data));
  if (notice) await show(notice);
  else await scope.registration.showNotification("Parley", { icon, tag: "parley" });
}

async function told(data: unknown): Promise<void> {
  const word = data as Word; // only pages of this origin speak to it
  switch (word?.type) {
    case "parley.notify": {
      const notice = noticeOf(word.notice);
      if (notice) await show(notice);
      break;
    }
    case "parley.read":
      await close((n) => sameChannel(n, word) && n.seq <= word.seq);
      break;
    case "parley.gone":
      await close((n) => n.userId === word.userId);
      break;
  }
}

const icon = "/icons/icon-192.png";

/**
 * Shows a notice in place of what was shown of its channel. What is older than that is no news: that is
 * shown once more, since for what is pushed something has to be.
 */
async function show(notice: Notice): Promise<void> {
  const tag = tagOf(notice);
  const before = await scope.registration.getNotifications({ tag });
  const shown = before.map((n) => noticeOf(n.data)).find((n) => n !== undefined);
  const latest = shown && shown.seq > notice.seq ? shown : notice;
  const options: NotificationOptions & { renotify?: boolean; timestamp?: number } = {
    body: bodyOf(latest),
    tag,
    icon,
    data: latest,
    renotify: shown?.seq !== latest.seq, // the same once more makes no sound
    timestamp: Date.parse(latest.createdAt) || Date.now(),
  };
  await scope.registration.showNotification(titleOf(latest), options);
}

async function close(which: (notice: Notice) => boolean): Promise<void> {
  for (const shown of await scope.registration.getNotifications()) {
    const notice = noticeOf(shown.data);
    if (notice && which(notice)) shown.close();
  }
}

/** Brings a page of the chat to the message, one that is open already if there is one. */
async function opened(data: unknown): Promise<void> {
  const notice = noticeOf(data);
  const pages = (await scope.clients.matchAll({ type: "window", includeUncontrolled: true })).filter(isChat);
  const page = pages.find((p) => p.visibilityState === "visible") ?? pages[0];
  if (!page) {
    await scope.clients.openWindow(notice ? placeOf(notice) : "/");
    return;
  }
  await page.focus().catch(() => undefined); // not every browser lets it; the page goes there all the same
  if (!notice) return;
  const { userId, channelId, id } = notice;
  page.postMessage({ type: "parley.open", userId, channelId, id });
}

function isChat(page: Page): boolean {
  return new URL(page.url).pathname === "/";
}

function placeOf({ channelId, id }: Notice): string {
  return `/#/c/${encodeURIComponent(channelId)}/m/${encodeURIComponent(id)}`;
}

function tagOf({ userId, channelId }: { userId: string; channelId: string }): string {
  return JSON.stringify(["parley", userId, channelId]);
}

function sameChannel(a: Notice, b: { userId: string; channelId: string }): boolean {
  return a.userId === b.userId && a.channelId === b.channelId;
}

function titleOf(notice: Notice): string {
  const name = notice.senderName || notice.senderId || "Parley";
  const where = notice.kind === "direct" ? name : `#${notice.title || notice.channelId}`;
  if (notice.count <= 1) return where;
  return `${where} (${notice.count >= 100 ? "99+" : notice.count})`;
}

function bodyOf(notice: Notice): string {
  const name = notice.senderName || notice.senderId;
  return notice.kind === "direct" || name === "" ? notice.text : `${name}: ${notice.text}`;
}

function parse(data: { json(): unknown } | null): unknown {
  try {
    return data?.json();
  } catch {
    return undefined;
  }
}

/** A notice, if it is one: a server of another age may push something else. */
function noticeOf(value: unknown): Notice | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const {
    type,
    userId,
    channelId,
    kind,
    title,
    id,
    seq,
    createdAt,
    senderId,
    senderName,
    text,
    mention,
    count,
  } = value as { [member: string]: unknown };
  if (type !== "message" || !isText(userId) || !isText(channelId) || !isText(id) || !isText(text))
    return undefined;
  return {
    type,
    userId,
    channelId,
    kind: kind === "direct" || kind === "private" ? kind : "open",
    ...(isText(title) && { title }),
    id,
    seq: typeof seq === "number" ? seq : 0,
    createdAt: isText(createdAt) ? createdAt : "",
    senderId: isText(senderId) ? senderId : "",
    ...(isText(senderName) && { senderName }),
    text,
    mention: mention === true,
    count: typeof count === "number" ? count : 1,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
