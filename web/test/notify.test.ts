import type { Client, Json, Message } from "@parley/client";
import { ParleyError } from "@parley/client";
import { expect, test, vi } from "vitest";
import { Blocks } from "../src/notify/blocks";
import { Choices } from "../src/notify/choices";
import { concerns, noticeOf } from "../src/notify/concern";
import { Device } from "../src/notify/device";
import type { Word } from "../src/notify/notice";
import type { Platform } from "../src/notify/platform";

/** As much of a client as notifications ask of one. */
function clientOf(
  answers: (method: string, path: string, body?: Json) => Json,
  { userId = "ada" as string | undefined, unread = 1 } = {},
): Client {
  const client: Pick<Client, "userId" | "request" | "unread"> = {
    userId,
    unread: () => unread,
    async request(method, path, options) {
      return answers(method, path, options?.body);
    },
  };
  return client as Client;
}

const said = (more: Partial<Message> = {}): Message => ({
  id: "m1",
  channelId: "general",
  senderId: "ben",
  createdAt: "2026-01-31T12:00:00.000Z",
  seq: 3,
  sequence: 2,
  text: "hello",
  ...more,
});
const soon = Date.parse("2026-01-31T12:00:05.000Z");
const refuse = () => {
  throw new ParleyError("not_found", "gone");
};

test("who is told: by kind of channel, mention and choice", async () => {
  const client = clientOf(refuse);
  const all = { mode: "all", chosen: false } as const;
  const told = (
    more: Partial<Message>,
    kind: "open" | "private" | "direct",
    how = all as { mode: "all" | "mentions" | "none"; chosen: boolean },
  ) => concerns(client, said(more), { kind }, how, soon);
  expect(await told({}, "direct")).toBe(true);
  expect(await told({}, "private")).toBe(true);
  expect(await told({}, "open")).toBe(false);
  expect(await told({ mentions: ["ada"] }, "open")).toBe(true);
  expect(await told({}, "open", { mode: "all", chosen: true })).toBe(true);
  expect(await told({}, "direct", { mode: "mentions", chosen: false })).toBe(false);
  expect(await told({ mentions: ["ada"] }, "direct", { mode: "none", chosen: true })).toBe(false);
  expect(await told({ senderId: "ada" }, "direct")).toBe(false);
  expect(await told({ deletedAt: "2026-01-31T12:00:01.000Z" }, "direct")).toBe(false);
  expect(await concerns(client, said(), { kind: "direct" }, all, soon + 3_600_000)).toBe(false);
});

test("an answer in an open channel concerns who takes part in its thread", async () => {
  const all = { mode: "all", chosen: false } as const;
  const reply = said({ parentId: "root" });
  const root = (senderId: string, userIds: string[]) =>
    clientOf((_, path) => {
      expect(path).toBe("/v1/channels/general/messages/root");
      return { senderId, thread: { replies: 1, userIds } };
    });
  expect(await concerns(root("ada", []), reply, { kind: "open" }, all, soon)).toBe(true);
  expect(await concerns(root("cy", ["ada"]), reply, { kind: "open" }, all, soon)).toBe(true);
  expect(await concerns(root("cy", ["ben"]), reply, { kind: "open" }, all, soon)).toBe(false);
  expect(await concerns(clientOf(refuse), reply, { kind: "open" }, all, soon)).toBe(false);
});

test("a notice is short, on one line, and cannot turn what is around it", () => {
  const text = `one\n\n two\u202e ${"x".repeat(500)}`;
  const notice = noticeOf(clientOf(refuse, { unread: 500 }), said({ text, channelId: "dm:ada:ben" }), {
    kind: "direct",
  });
  expect(notice.text.startsWith("one two xxx")).toBe(true);
  expect([...notice.text].length).toBe(201);
  expect(notice.count).toBe(100);
});

test("a choice holds at once, and falls back when the server refuses it", async () => {
  let kept: Json = { default: "all", channels: { quiet: "none", odd: "loud" } };
  let full = false;
  const choices = new Choices(
    clientOf((method, _, body) => {
      if (method === "PUT" && full) throw new ParleyError("too_many", "full");
      if (method === "PUT" && body !== undefined) kept = body;
      return kept;
    }),
  );
  await choices.load();
  expect(choices.of("quiet")).toEqual({ mode: "none", chosen: true });
  expect(choices.of("odd")).toEqual({ mode: "all", chosen: false });
  const choosing = choices.choose("team", "mentions");
  expect(choices.of("team").mode).toBe("mentions");
  await choosing;
  expect(kept).toEqual({ default: "all", channels: { quiet: "none", team: "mentions" } });
  full = true;
  await choices.chooseUsual("none");
  expect(choices.snapshot().usual).toBe("all");
  expect(choices.snapshot().error?.code).toBe("too_many");
});

test("a choice leaves what was chosen on another device", async () => {
  let kept: Json = {};
  const choices = new Choices(
    clientOf((method, _, body) => {
      if (method === "PUT" && body !== undefined) kept = body;
      return kept;
    }),
  );
  await choices.load();
  kept = { default: "mentions", channels: { quiet: "none" } };
  await Promise.all([choices.choose("team", "all"), choices.choose("general", "mentions")]);
  const want = { quiet: "none", team: "all", general: "mentions" };
  expect(kept).toEqual({ default: "mentions", channels: want });
  expect(Object.fromEntries(choices.snapshot().channels)).toEqual(want);
});

test("whom the user blocks is asked for now and then, and nobody is blocked who cannot be asked for", async () => {
  const asked: string[] = [];
  const blocks = new Blocks(
    clientOf((_, path) => {
      asked.push(path);
      return { blocks: [{ userId: "cy" }] };
    }),
  );
  expect(await Promise.all([blocks.has("cy", 0), blocks.has("ben", 1)])).toEqual([true, false]);
  expect(asked).toEqual(["/v1/users/ada/blocks"]);
  await blocks.has("ben", 100_000);
  expect(asked.length).toBe(2);
  expect(await new Blocks(clientOf(refuse)).has("cy")).toBe(false);
});

/** A browser whose person answers `answer`. */
class Browser implements Platform {
  able = true;
  words: Word[] = [];
  subscribed: string | undefined;
  #permission: NotificationPermission = "default";
  readonly answer: NotificationPermission;
  constructor(answer: NotificationPermission = "granted") {
    this.answer = answer;
  }
  permission() {
    return this.#permission;
  }
  async ask() {
    this.#permission = this.answer;
    return this.answer;
  }
  async start() {}
  async tell(word: Word) {
    this.words.push(word);
  }
  async subscribe(key: string) {
    this.subscribed = key;
    return { endpoint: "https://push.example.org/1", keys: { p256dh: "p", auth: "a" } };
  }
  async unsubscribe() {
    this.subscribed = undefined;
  }
}

test("a device is turned on for one user, known to the server, and off again", async () => {
  localStorage.clear();
  const asked: string[] = [];
  const answers = (method: string, path: string): Json => {
    asked.push(`${method} ${path}`);
    return path.endsWith("/key") ? { key: "k" } : { id: "s1" };
  };
  const browser = new Browser();
  const device = new Device(clientOf(answers), browser, localStorage);
  expect(device.snapshot()).toEqual({ state: "off", push: false, busy: false });
  await device.renew();
  expect(asked).toEqual([]); // nobody has asked for it
  await device.turnOn();
  expect(device.snapshot()).toEqual({ state: "on", push: true, busy: false });
  expect(browser.subscribed).toBe("k");
  const other = new Device(clientOf(answers, { userId: "ben" }), browser, localStorage);
  expect(other.snapshot().state).toBe("off");
  await other.turnOff(); // it is not theirs to end
  expect(browser.subscribed).toBe("k");
  await device.turnOff();
  expect(device.snapshot().state).toBe("off");
  expect(browser.subscribed).toBeUndefined();
  expect(browser.words).toEqual([{ type: "parley.gone", userId: "ada" }]);
  expect(asked.at(-1)).toBe("DELETE /v1/push/subscriptions/s1");
});

test("a device cannot be turned on before it is known for whom, and then it can", async () => {
  localStorage.clear();
  const client = clientOf(() => ({ key: "k", id: "s1" }));
  Object.assign(client, { userId: undefined });
  const device = new Device(client, new Browser(), localStorage);
  expect(device.snapshot()).toEqual({ state: "off", push: false, busy: true });
  Object.assign(client, { userId: "ada" });
  await device.renew();
  expect(device.snapshot()).toEqual({ state: "off", push: false, busy: false });
  await device.turnOn();
  expect(device.snapshot()).toEqual({ state: "on", push: true, busy: false });
});

test("who signs out while the device is being subscribed is told no more", async () => {
  localStorage.clear();
  const asked: string[] = [];
  let answer = () => {};
  const client = clientOf(() => null);
  client.request = async (method, path) => {
    asked.push(`${method} ${path}`);
    if (method === "PUT") await new Promise<void>((go) => (answer = go));
    return path.endsWith("/key") ? { key: "k" } : { id: "s1" };
  };
  const browser = new Browser();
  const device = new Device(client, browser, localStorage);
  const turningOn = device.turnOn();
  await vi.waitFor(() => expect(asked.at(-1)).toMatch(/^PUT/));
  await device.turnOff();
  expect(browser.subscribed).toBeUndefined();
  answer();
  await turningOn;
  expect(asked.at(-1)).toBe("DELETE /v1/push/subscriptions/s1");
  expect(device.snapshot()).toEqual({ state: "off", push: false, busy: false });
  expect(localStorage.getItem("parley.notify")).toBeNull();
});

test("who signs out before the server was reached is told no more", async () => {
  localStorage.clear();
  const browser = new Browser();
  await new Device(
    clientOf(() => ({ key: "k", id: "s1" })),
    browser,
    localStorage,
  ).turnOn();
  expect(browser.subscribed).toBe("k");
  const offline = clientOf(() => {
    throw new ParleyError("unavailable", "no answer", { retry: true });
  });
  Object.assign(offline, { userId: undefined });
  await new Device(offline, browser, localStorage).turnOff();
  expect(browser.subscribed).toBeUndefined();
  expect(browser.words).toEqual([{ type: "parley.gone", userId: "ada" }]);
});

test("what one page turns off is off in the others", async () => {
  localStorage.clear();
  const browser = new Browser();
  const answers = () => ({ key: "k", id: "s1" });
  const [one, other] = [1, 2].map(() => new Device(clientOf(answers), browser, localStorage)) as [
    Device,
    Device,
  ];
  await one.turnOn();
  other.look();
  expect(other.snapshot()).toEqual({ state: "on", push: true, busy: false });
  await one.turnOff();
  other.look();
  expect(other.snapshot().state).toBe("off");
});

test("a device whose service worker cannot be had is not on", async () => {
  localStorage.clear();
  const browser = new Browser();
  browser.start = () => Promise.reject(new TypeError("no script"));
  const device = new Device(clientOf(refuse), browser, localStorage);
  await device.turnOn();
  expect(device.snapshot()).toEqual({ state: "off", push: false, busy: false });
});

test("what could not be ended is not begun: a device without room for a note is not on", async () => {
  const full = {
    getItem: () => null,
    setItem() {
      throw new DOMException("full", "QuotaExceededError");
    },
    removeItem() {},
  };
  const browser = new Browser();
  const device = new Device(
    clientOf(() => ({ key: "k", id: "s1" })),
    browser,
    full,
  );
  await device.turnOn();
  expect(device.snapshot().state).toBe("off");
  expect(browser.subscribed).toBeUndefined();
});

test("without a server that pushes, open pages still tell; who forbids it is told nothing", async () => {
  localStorage.clear();
  const device = new Device(clientOf(refuse), new Browser(), localStorage);
  await device.turnOn();
  expect(device.snapshot()).toEqual({ state: "on", push: false, busy: false });
  localStorage.clear();
  const forbidden = new Device(clientOf(refuse), new Browser("denied"), localStorage);
  await forbidden.turnOn();
  expect(forbidden.snapshot().state).toBe("denied");
});
