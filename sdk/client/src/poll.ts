import { abortedBy } from "./abort";
import { withQuery } from "./address";
import { after } from "./clock";
import { type Frame, formatPosition, isLogged, parseFrame, parsePosition } from "./frame";
import type { Socket } from "./link";

interface Answer {
  session?: string;
  frames?: Frame[];
  retryAfter?: number;
  code?: string;
  detail?: string;
}

/** How long a request may take beyond the server's hold of 25 s. */
const patience = 40_000;

/** So many characters of frames go into a request, which may have a megabyte with the subscriptions. */
const largest = 200_000;

/** How long a request may take that says goodbye: nobody waits for its answer. */
const farewell = 5_000;

/** Close codes of WebSockets that say the same here. */
const unauthorized = 4001;
const broken = 1006;

/**
 * The native protocol over requests that are held until there is something to
 * say (docs/polling.md), in the shape of a WebSocket. A request that fails
 * closes it: whoever holds it opens another, and goes on from its positions.
 */
export class PollSocket implements Socket {
  readonly #url: string;
  readonly #fetching: typeof fetch;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  onerror: Socket["onerror"] = null;

  readonly #abort = new AbortController();
  readonly #subscriptions = new Map<string, { position?: string; presence?: boolean; acks?: boolean }>();
  readonly #asked = new Map<unknown, { channelId: string; presence?: boolean; acks?: boolean }>(); // subscribes without an answer, by ref
  #outbox: Frame[] = [];
  #session: string | undefined;
  #token: string | undefined;
  #who: { userId?: string; userName?: string } = {};
  readonly #pauses = new Set<() => void>();
  #greeted = false;
  #posting = false;
  #over = false;

  constructor(
    url: string,
    // Not fetch itself, which browsers refuse to call as a method of another object.
    fetching: typeof fetch = (...request) => fetch(...request),
  ) {
    this.#url = url;
    this.#fetching = fetching;
    queueMicrotask(() => (this.onopen as (() => void) | null)?.());
  }

  send(data: string): void {
    const frame = parseFrame(data);
    if (!frame || this.#over) return;
    if (frame.type === "connect") {
      this.#introduce(frame);
      return;
    }
    if (frame.type === "subscribe" && frame.channelId !== undefined) {
      const { channelId, presence, acks } = frame as {
        channelId: string;
        presence?: boolean;
        acks?: boolean;
      };
      this.#asked.set(frame.ref, { channelId, ...(presence && { presence }), ...(acks && { acks }) });
    }
    if (frame.type === "unsubscribe") this.#subscriptions.delete(frame.channelId ?? "");
    this.#outbox.push(frame);
    void this.#post();
  }

  close(): void {
    if (this.#over) return;
    this.#end();
    if (this.#session)
      void this.#fetch({ session: this.#session, leave: true, hold: 0 }, true).catch(() => {});
  }

  #end(): void {
    this.#over = true;
    this.#abort.abort();
    for (const go of this.#pauses) go();
  }

  #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve();
    return new Promise((done) => {
      const go = () => {
        stop();
        this.#pauses.delete(go);
        done();
      };
      const stop = after(milliseconds, go);
      this.#pauses.add(go);
    });
  }

  #introduce(frame: Frame): void {
    this.#token = frame.token as string | undefined;
    const { userId, userName } = frame as { userId?: string; userName?: string };
    this.#who = { ...(userId !== undefined && { userId }), ...(userName !== undefined && { userName }) };
    if (!this.#greeted) void this.#hold();
  }

  /** Asks again and again, and is held until there is something to say. */
  async #hold(): Promise<void> {
    let first = true;
    while (!this.#over) {
      const pause = await this.#ask(first ? 0 : undefined, []);
      first = false;
      await this.#pause(pause);
    }
  }

  /** Says what is to be said, in requests of their own; the held one is answered then. */
  async #post(): Promise<void> {
    if (this.#posting) return;
    this.#posting = true;
    await Promise.resolve(); // what else is said now goes along
    while (this.#outbox.length > 0 && this.#session && !this.#over) {
      const frames = this.#outbox.splice(0, this.#fitting());
      const pause = await this.#ask(0, frames);
      await this.#pause(pause);
    }
    this.#posting = false;
  }

  /** How many of the frames go into one request. */
  #fitting(): number {
    let n = 0;
    for (let size = 0; n < Math.min(this.#outbox.length, 200); n++) {
      size += JSON.stringify(this.#outbox[n]).length;
      if (n > 0 && size > largest) break;
    }
    return n;
  }

  async #ask(hold: number | undefined, frames: Frame[]): Promise<number> {
    const subscriptions = [...this.#subscriptions].map(([channelId, s]) => ({ channelId, ...s }));
    const body = { session: this.#session, subscriptions, frames, ...(hold !== undefined && { hold }) };
    try {
      const answer = await this.#fetch(body);
      this.#session = answer.session;
      for (const frame of answer.frames ?? []) this.#told(frame);
      if (this.#outbox.length > 0) void this.#post();
      return answer.retryAfter ?? 0;
    } catch (error) {
      this.#fail(error instanceof Refused ? error : new Refused(broken, String(error)));
      return 0;
    }
  }

  async #fetch(body: object, parting = false): Promise<Answer> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    const { signal, stop } = abortedBy(
      [parting ? undefined : this.#abort.signal],
      parting ? farewell : patience,
    );
    try {
      const response = await this.#fetching(withQuery(this.#url, { ...this.#who }), {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        signal,
        keepalive: parting,
      });
      const answer = (await response.json().catch(() => ({}))) as Answer;
      if (response.ok) return answer;
      const code = response.status === 401 ? unauthorized : broken;
      throw new Refused(code, answer.detail ?? `${response.status}`);
    } finally {
      stop();
    }
  }

  #told(frame: Frame): void {
    if (this.#over) return;
    if (frame.type === "connected") {
      if (this.#greeted) return; // the session was begun anew
      this.#greeted = true;
      frame.ref = 0;
    }
    this.#follow(frame);
    (this.onmessage as ((event: { data: string }) => void) | null)?.({ data: JSON.stringify(frame) });
  }

  /** Keeps the positions from which the next request asks. */
  #follow(frame: Frame): void {
    const asked = this.#asked.get(frame.ref);
    if (asked && (frame.type === "subscribed" || frame.type === "error")) this.#asked.delete(frame.ref);
    const channelId = frame.channelId ?? "";
    if (frame.type === "subscribed") {
      const { channelId: _, ...how } = asked ?? { channelId };
      this.#subscriptions.set(channelId, {
        ...this.#subscriptions.get(channelId),
        ...how,
        position: frame.position as string,
      });
      return;
    }
    if (frame.type === "dropped" || (frame.type === "error" && frame.code === "expired")) {
      this.#subscriptions.delete(channelId);
      return;
    }
    const subscription = this.#subscriptions.get(channelId);
    const at = parsePosition(subscription?.position ?? "");
    if (subscription && at && isLogged(frame) && frame.seq === at.seq + 1) {
      subscription.position = formatPosition({ epoch: at.epoch, seq: frame.seq });
    }
  }

  #fail(why: Refused): void {
    if (this.#over) return;
    this.#end();
    (this.onclose as ((event: { code: number; reason: string }) => void) | null)?.({
      code: why.code,
      reason: why.message,
    });
  }
}

/** Why there is no answer, as the close code of a WebSocket. */
class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
