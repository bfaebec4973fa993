import { Batches } from "../src/batch";
import { ParleyError } from "../src/error";
import type { Frame } from "../src/frame";
import type { Keep, KeptDraft } from "../src/keep";
import { type Draft, type End, Outbox } from "../src/outbox";
import { Sharing } from "../src/sharing";
import { type Board, Tabs, type TabsListener } from "../src/tabs";

/** Lets everything happen that waits for nothing but its turn. */
export const settle = () => new Promise<void>((done) => setImmediate(done));

/** A server that knows nonces again. What is doomed it refuses for good. */
export class ModelServer {
  readonly log = new Map<string, string[]>(); // nonces by channel

  constructor(private readonly doomed: (nonce: string) => boolean = () => false) {}

  /** The answers to one frame. With `refuse`, so many of its messages are taken before the rest is refused for now. */
  take(frame: Frame, refuse?: number): Frame[] {
    const { channelId = "", ref = 0 } = frame;
    const messages = (frame.messages ?? [frame]) as Frame[];
    return messages.map(({ nonce = "" }, i): Frame => {
      if (refuse !== undefined && i >= refuse) {
        return { type: "error", ref, nonce, channelId, code: "rate_limited", retry: true, retryAfter: 50 };
      }
      if (this.doomed(nonce)) return { type: "error", ref, nonce, channelId, code: "forbidden" };
      const log = this.log.get(channelId) ?? [];
      this.log.set(channelId, log);
      if (!log.includes(nonce)) log.push(nonce);
      return { type: "ack", ref, nonce, channelId, seq: log.indexOf(nonce) + 1 };
    });
  }
}

interface Lock {
  tab: Tab;
  signal: AbortSignal | undefined;
  use: (lock: null) => unknown;
  resolve: (value: unknown) => void;
  reject: (why: unknown) => void;
}

/**
 * A browser with tabs of one user. Nothing in it happens by itself: what was
 * begun – a transaction, a message between tabs, a lock that is given – waits in
 * one of `queues`, until `run` takes the first of one.
 */
export class ModelBrowser {
  readonly rows: KeptDraft[] = [];
  readonly committed: string[] = []; // nonces
  readonly queues = new Map<string, (() => void)[]>();
  readonly tabs: Tab[] = [];
  now = 0;
  private holder: Lock | undefined;
  private readonly line: Lock[] = [];

  constructor(
    readonly server: ModelServer,
    readonly batch?: { most: number; within: number },
  ) {}

  open(): Tab {
    const tab = new Tab(this, this.tabs.length);
    this.tabs.push(tab);
    return tab;
  }

  get living(): Tab[] {
    return this.tabs.filter((tab) => !tab.crashed);
  }

  later(queue: string, task: () => void): void {
    const tasks = this.queues.get(queue) ?? [];
    this.queues.set(queue, tasks);
    tasks.push(task);
  }

  /** Runs the first task of the nth queue that has one; false: there is none. */
  run(n: number): boolean {
    const busy = [...this.queues.values()].filter((tasks) => tasks.length > 0);
    const task = busy[n % busy.length]?.shift();
    task?.();
    return task !== undefined;
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const tab of this.living) tab.tick();
  }

  request(lock: Lock, steal: boolean): void {
    lock.signal?.addEventListener("abort", () => {
      const at = this.line.indexOf(lock);
      if (at < 0) return;
      this.line.splice(at, 1);
      lock.reject(new DOMException("aborted", "AbortError"));
    });
    this.later("locks", () => {
      if (lock.tab.crashed || lock.signal?.aborted) return;
      if (!steal) {
        this.line.push(lock);
        this.give();
        return;
      }
      const robbed = this.holder;
      this.hold(lock);
      robbed?.tab.deliver(() => robbed.reject(new DOMException("stolen", "AbortError")));
    });
  }

  /** The browser sees that a tab is gone. */
  bury(tab: Tab): void {
    for (const lock of this.line.filter((l) => l.tab === tab)) this.line.splice(this.line.indexOf(lock), 1);
    if (this.holder?.tab === tab) this.free(this.holder);
  }

  private give(): void {
    if (this.holder) return;
    const next = this.line.shift();
    if (next) this.hold(next);
  }

  private hold(lock: Lock): void {
    this.holder = lock;
    lock.tab.deliver(() => {
      void Promise.resolve(lock.use(null)).then((value) => {
        lock.resolve(value);
        this.free(lock);
      });
    });
  }

  private free(lock: Lock): void {
    if (this.holder !== lock) return;
    this.holder = undefined;
    this.later("locks", () => this.give());
  }
}

/** One tab: an outbox, its line to the server, and what the browser gives it. */
export class Tab {
  readonly added: Draft[] = [];
  readonly results = new Map<string, "stored" | "refused">();
  readonly told: string[] = [];
  readonly outbox: Outbox;
  readonly before: Tab[]; // who had crashed when this one was opened
  connected = false;
  crashed = false;
  wire: Frame[] = [];
  private memory = false; // the database has not answered in time
  private frozen = false;
  private backlog: (() => void)[] = [];
  private timers: { due: number; callback: () => void }[] = [];
  private readonly boards: Board;

  constructor(
    private readonly browser: ModelBrowser,
    readonly id: number,
  ) {
    this.before = browser.tabs.filter((t) => t.crashed);
    const after = (milliseconds: number, callback: () => void) => {
      const timer = { due: browser.now + milliseconds, callback };
      this.timers.push(timer);
      return () => {
        this.timers = this.timers.filter((t) => t !== timer);
      };
    };
    this.outbox = new Outbox({
      send: (frame) => this.send(frame),
      after,
      most: 1000,
      kept: true,
      told: (draft: Draft, end?: End) => {
        this.told.push(`${draft.nonce} ${end ? ("ack" in end ? "sent" : "failed") : "sending"}`);
      },
    });
    this.boards = {
      onmessage: null,
      postMessage: (data) => {
        for (const other of browser.living) {
          if (other === this) continue;
          browser.later(`${id}>${other.id}`, () =>
            other.deliver(() => other.boards.onmessage?.({ data } as MessageEvent)),
          );
        }
      },
      close: () => {},
    };
    if (browser.batch) this.outbox.batcher = new Batches(browser.batch, after);
    const keep = this.keep();
    const locks = { request: this.request as LockManager["request"] };
    const tabs = (listener: TabsListener) =>
      new Tabs({ queue: "q", keep, locks, board: this.boards, after, listener });
    this.outbox.attach(
      new Sharing(this.outbox, tabs, () => {
        this.memory = true;
      }),
    );
  }

  add(channelId: string, nonce: string): void {
    if (this.frozen) return;
    const draft = { nonce, channelId, frame: { type: "publish", channelId, nonce, text: nonce } };
    this.added.push(draft);
    this.outbox.add(draft).then(
      () => this.results.set(nonce, "stored"),
      () => this.results.set(nonce, "refused"),
    );
  }

  connect(): void {
    if (this.connected || this.frozen) return;
    this.connected = true;
    this.outbox.resume();
  }

  /** The connection breaks; the server has taken some of what is on the wire. */
  cut(taken: number): void {
    if (!this.connected) return;
    for (const frame of this.wire.splice(0).slice(0, taken)) this.browser.server.take(frame);
    this.connected = false;
    this.deliver(() => this.outbox.broke());
  }

  /** The server answers the first frame on the wire. */
  answer(refuse?: number): void {
    const frame = this.wire.shift();
    if (!frame) return;
    for (const answer of this.browser.server.take(frame, refuse)) {
      const error =
        answer.type === "error"
          ? new ParleyError(answer.code as "forbidden", "no", {
              retry: answer.retry === true,
              retryAfter: answer.retryAfter as number | undefined,
            })
          : undefined;
      this.deliver(() => {
        if (this.connected) this.outbox.answered(answer, error);
      });
    }
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    for (const task of this.backlog.splice(0)) task();
    this.tick();
  }

  /** Nothing of it runs any more, and what it told the others is lost. */
  crash(): void {
    this.crashed = true;
    this.connected = false;
    this.wire = [];
    for (const [queue, tasks] of this.browser.queues) if (queue.startsWith(`${this.id}>`)) tasks.length = 0;
    this.browser.bury(this);
  }

  tick(): void {
    if (this.frozen) return;
    const due = this.timers.filter((t) => t.due <= this.browser.now);
    this.timers = this.timers.filter((t) => t.due > this.browser.now);
    for (const t of due) t.callback();
  }

  deliver(task: () => void): void {
    if (this.crashed) return;
    if (this.frozen) this.backlog.push(task);
    else task();
  }

  private send(frame: Frame): boolean {
    if (this.crashed || !this.connected) return false;
    if (this.wire.some((other) => other.channelId === frame.channelId)) throw new Error("two under way");
    for (const { nonce = "" } of (frame.messages ?? [frame]) as Frame[]) {
      if (!this.memory && !this.browser.committed.includes(nonce))
        throw new Error("sent before it was written down");
    }
    this.wire.push(frame);
    return true;
  }

  private keep(): Keep {
    const run = <T>(work: () => T) =>
      new Promise<T>((resolve) => {
        this.browser.later("database", () => {
          if (this.crashed) return;
          const result = work();
          this.deliver(() => resolve(result));
        });
      });
    const { rows, committed } = this.browser;
    return {
      add: (draft) =>
        run(() => {
          rows.push(structuredClone(draft));
          committed.push(draft.nonce);
        }),
      remove: (draft) =>
        run(() => {
          const at = rows.findIndex((row) => row.nonce === draft.nonce);
          if (at >= 0) rows.splice(at, 1);
        }),
      all: () => run(() => structuredClone(rows)),
    };
  }

  private readonly request = (
    _name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    use: (lock: null) => unknown,
  ) =>
    new Promise((resolve, reject) => {
      const lock = { tab: this, signal: options.signal, use, resolve, reject };
      this.browser.request(lock, options.steal ?? false);
    });
}
