import type { Client, ClientEvents, Json, Message } from "@parley/client";
import { ParleyError } from "@parley/client";
import { expect, it, vi } from "vitest";
import { Inbox } from "../src/channels/inbox";

/** What the inbox needs of a client: the server's answers, and what it is told of. */
class Wire {
  readonly userId = "ada";
  isConnected = true;
  rows: { [member: string]: Json }[] = [];
  fails: ParleyError | undefined;
  asked = 0;
  counts = new Map<string, { unread: number; read: number }>();
  readonly #listeners = new Map<string, ((event: never) => void)[]>();

  get client(): Client {
    return this as unknown as Client;
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    const all = this.#listeners.get(name) ?? [];
    this.#listeners.set(name, [...all, listener]);
    return () =>
      this.#listeners.set(
        name,
        (this.#listeners.get(name) ?? []).filter((l) => l !== listener),
      );
  }

  tell<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event as never);
  }

  async request(_method: string, _path: string, { query }: { query: { after?: string } }): Promise<Json> {
    this.asked++;
    if (this.fails) throw this.fails;
    const from = Number(query.after ?? 0);
    return {
      channels: this.rows.slice(from, from + 2),
      ...(from + 2 < this.rows.length && { next: `${from + 2}` }),
    };
  }

  unread(channelId: string): number | undefined {
    return this.counts.get(channelId)?.unread;
  }

  cursors(channelId: string): Map<string, { read: number }> {
    const read = this.counts.get(channelId)?.read;
    return new Map(read === undefined ? [] : [["ada", { read }]]);
  }
}

function row(id: string, minute: number, more: { [member: string]: Json } = {}): { [member: string]: Json } {
  const at = `2026-01-31T12:${String(minute).padStart(2, "0")}:00.000Z`;
  return { id, kind: "open", role: "member", unread: 0, mentions: 0, read: 0, createdAt: at, ...more };
}

function message(channelId: string, seq: number, minute: number, more: Partial<Message> = {}): Message {
  const createdAt = `2026-01-31T12:${String(minute).padStart(2, "0")}:00.000Z`;
  return { id: `m${seq}`, channelId, senderId: "ben", createdAt, seq, sequence: seq, ...more };
}

async function open(wire: Wire): Promise<{ inbox: Inbox; ids: () => string[]; stop: () => void }> {
  const inbox = new Inbox(wire.client);
  const stop = inbox.subscribe(() => {});
  await vi.waitFor(() => expect(inbox.snapshot().known).toBe(true));
  return { inbox, ids: () => inbox.snapshot().channels.map((c) => c.id), stop };
}

it("reads every page, and puts the last active first", async () => {
  const wire = new Wire();
  wire.rows = [row("a", 1), row("b", 5), row("c", 3)];
  const { ids, stop } = await open(wire);
  expect(ids()).toEqual(["b", "c", "a"]);
  wire.tell("message", message("a", 7, 9));
  expect(ids()).toEqual(["a", "b", "c"]);
  stop();
});

it("counts mentions of the user by others, until all is read", async () => {
  const wire = new Wire();
  wire.rows = [row("a", 1, { read: 4 })];
  const { inbox, stop } = await open(wire);
  const a = () => inbox.snapshot().channels[0];
  wire.counts.set("a", { unread: 1, read: 4 });
  wire.tell("message", message("a", 5, 2, { mentions: ["ada"] }));
  wire.tell("message", message("a", 6, 2, { mentions: ["ada"], senderId: "ada" }));
  wire.tell("message", message("a", 3, 2, { mentions: ["ada"] })); // which was read before
  expect([a()?.mentions, a()?.unread]).toEqual([1, 1]);
  wire.counts.set("a", { unread: 0, read: 6 });
  wire.tell("cursors", { channelId: "a" });
  expect([a()?.mentions, a()?.unread, a()?.read]).toEqual([0, 0, 6]);
  stop();
});

it("shows what was said while the list was being read, and is not in what was read", async () => {
  const wire = new Wire();
  const createdAt = "2026-01-31T12:01:00.000Z";
  const last = { id: "m5", channelId: "a", senderId: "ben", createdAt, seq: 5, sequence: 5 };
  wire.rows = [row("a", 1, { last, unread: 1 }), row("b", 4)];
  const { inbox, ids, stop } = await open(wire);
  const reading = inbox.reload();
  wire.tell("message", message("a", 5, 1)); // which the server has counted
  wire.tell("message", message("a", 6, 9, { mentions: ["ada"] }));
  await reading;
  expect(ids()).toEqual(["a", "b"]);
  expect(inbox.snapshot().channels[0]).toMatchObject({ unread: 2, mentions: 1, last: { seq: 6 } });
  stop();
});

it("reads again where that is asked for in the moment in which a reading ends", async () => {
  const wire = new Wire();
  wire.rows = [row("a", 1)];
  const { inbox, ids, stop } = await open(wire);
  const once = inbox.subscribe(() => {
    once();
    wire.rows = [row("b", 1)];
    queueMicrotask(() => void inbox.reload());
  });
  await inbox.reload();
  await vi.waitFor(() => expect(ids()).toEqual(["b"]));
  stop();
});

it("keeps what it has where the server does not answer, and says why", async () => {
  const wire = new Wire();
  wire.rows = [row("a", 1)];
  const { inbox, ids, stop } = await open(wire);
  wire.fails = new ParleyError("unavailable", "no answer", { retry: true });
  await inbox.reload();
  expect(ids()).toEqual(["a"]);
  expect(inbox.snapshot().error?.code).toBe("unavailable");
  wire.fails = undefined;
  await inbox.reload();
  expect(inbox.snapshot().error).toBeUndefined();
  stop();
});

it("reads the list again when the user comes into a channel or is out of it, but once a second at most", async () => {
  const wire = new Wire();
  wire.rows = [row("a", 1)];
  vi.useFakeTimers();
  const { ids, stop } = await open(wire);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(wire.asked).toBe(1); // nothing was told, nothing is asked
  wire.rows = [row("a", 1), row("b", 2)];
  wire.tell("membership", { channelId: "b", role: "member" });
  await vi.advanceTimersByTimeAsync(200);
  expect(ids()).toEqual(["b", "a"]);
  wire.rows = [row("a", 1)];
  const { asked } = wire;
  for (let i = 0; i < 100; i++) wire.tell("membership", { channelId: "b" });
  await vi.advanceTimersByTimeAsync(800);
  expect(wire.asked).toBe(asked);
  await vi.advanceTimersByTimeAsync(1000);
  expect(wire.asked).toBe(asked + 1);
  expect(ids()).toEqual(["a"]);
  stop();
  vi.useRealTimers();
});
