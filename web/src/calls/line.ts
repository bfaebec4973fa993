import type { Call, Client } from "@parley/client";
import { errorCode } from "../errors";
import type { Talk } from "./talk";

/** Why there is no call any more, or none came about. */
export type Why =
  | "ended"
  | "missed"
  | "noAnswer"
  | "declined"
  | "busy"
  | "lost"
  | "noMicrophone"
  /** Another device of the user's is in a call, or has taken this one. */
  | "engaged"
  | "elsewhere"
  | "failed";

/** Who is called, or calls. */
export interface Other {
  readonly userId: string;
  readonly name: string;
}

/** How this device stands: at most one call is its own. */
export type Standing =
  | { readonly at: "idle" }
  | { readonly at: "incoming"; readonly other: Other; readonly call: Call; readonly video: boolean }
  /** It asks for the microphone, and then rings. */
  | { readonly at: "calling"; readonly other: Other; readonly call?: Call; readonly talk?: Talk }
  /** The call was answered, `since` then, in milliseconds; the connection may yet have to come. */
  | {
      readonly at: "talking";
      readonly other: Other;
      readonly call: Call;
      readonly since: number;
      readonly talk?: Talk;
    }
  | {
      readonly at: "over";
      readonly other: Other;
      readonly why: Why;
      /** How long it took, in seconds. */
      readonly seconds?: number;
      readonly error?: unknown;
    };

const idle: Standing = { at: "idle" };
/** That a call is over is shown for so many milliseconds; one that was missed, until somebody has seen it. */
const shown = 6000;

/** A user's telephone on this device: it rings, calls, and is in at most one call. */
export class Line {
  static readonly #all = new WeakMap<Client, Line>();
  readonly #client: Client;
  readonly #open: (video: boolean) => Promise<Talk>;
  readonly #listeners = new Set<() => void>();
  readonly #ringing = new Map<string, Call>(); // those that call this user
  #standing: Standing = idle;
  #stops: (() => void)[] = [];
  #hiding: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, open = (video: boolean) => opened(client, video)) {
    this.#client = client;
    this.#open = open;
  }

  /** The client's own. */
  static of(client: Client): Line {
    const line = Line.#all.get(client) ?? new Line(client);
    Line.#all.set(client, line);
    return line;
  }

  readonly snapshot = (): Standing => this.#standing;

  /** Listens to the server for as long as anybody looks. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    if (this.#listeners.size === 0) this.#listen();
    this.#listeners.add(mine);
    return () => {
      this.#listeners.delete(mine);
      if (this.#listeners.size > 0) return;
      this.hangUp(); // whoever signs out is not to be heard any more
      for (const stop of this.#stops.splice(0)) stop();
    };
  };

  /** Calls somebody. */
  async start(other: Other, video: boolean): Promise<void> {
    if (this.#standing.at !== "idle" && this.#standing.at !== "over") return;
    const asking: Standing = { at: "calling", other };
    this.#show(asking);
    const talk = await this.#talk(asking, video);
    if (!talk) return;
    const ready: Standing = { at: "calling", other, talk };
    this.#show(ready);
    try {
      const call = await this.#client.call(other.userId, { data: { video } });
      if (this.#is(ready)) {
        this.#show({ ...ready, call });
        talk.join(call);
      } else this.#answer(call, "end"); // hung up meanwhile
    } catch (error) {
      if (!this.#is(ready)) return;
      const theirs = [...this.#ringing.values()].find(({ callerId }) => callerId === other.userId);
      const exists = errorCode(error) === "exists";
      if (exists && theirs) await this.#accept(theirs, other, talk);
      else this.#over(other, exists ? "engaged" : "failed", { error });
    }
  }

  /** Takes the call that rings. */
  async accept(video: boolean): Promise<void> {
    const before = this.#standing;
    if (before.at !== "incoming") return;
    const { call, other } = before;
    const answering: Standing = { at: "talking", other, call, since: Date.now() };
    this.#show(answering);
    const talk = await this.#talk(answering, video);
    if (talk) await this.#accept(call, other, talk);
  }

  /** Does not want the call that rings. */
  decline(): void {
    if (this.#standing.at !== "incoming") return;
    const { call } = this.#standing;
    this.#ringing.delete(call.callId);
    this.#answer(call, "decline");
    this.#rest();
  }

  /** Ends this device's call. */
  hangUp(why: Why = "ended"): void {
    const before = this.#standing;
    if (before.at !== "calling" && before.at !== "talking") return;
    if (before.call) this.#answer(before.call, "end");
    if (before.at === "calling") {
      before.talk?.close();
      this.#rest();
    } else this.#over(before.other, why, { seconds: seconds(before.since) });
  }

  /** Shows no more that a call is over. */
  dismiss(): void {
    if (this.#standing.at === "over") this.#rest();
  }

  #listen(): void {
    const leave = () => this.hangUp();
    addEventListener("pagehide", leave);
    this.#stops = [
      this.#client.on("call.state", (call) => this.#told(call)),
      this.#client.on("ready", () => this.#ask()),
      () => removeEventListener("pagehide", leave),
    ];
  }

  /** Microphone and camera; undefined: there is none, or the call is over meanwhile. */
  async #talk(standing: Standing & { other: Other }, video: boolean): Promise<Talk | undefined> {
    try {
      const talk = await this.#open(video);
      if (this.#is(standing)) return talk;
      talk.close();
    } catch {
      if (!this.#is(standing)) return undefined;
      if (standing.at === "talking") this.#answer(standing.call, "decline");
      this.#over(standing.other, "noMicrophone");
    }
    return undefined;
  }

  async #accept(call: Call, other: Other, talk: Talk): Promise<void> {
    const talking: Standing = { at: "talking", other, call, since: Date.now(), talk };
    this.#ringing.delete(call.callId);
    this.#show(talking);
    try {
      const accepted = await this.#client.answerCall(call.callId, "accept");
      if (this.#is(talking)) talk.join(accepted);
    } catch (error) {
      if (!this.#is(talking)) return;
      const whys: { readonly [code: string]: Why } = { exists: "elsewhere", not_found: "ended" };
      this.#over(other, whys[errorCode(error)] ?? "failed", { error });
    }
  }

  /** What the server says of a call of the user's, on whichever device it is. */
  #told(call: Call): void {
    const now = this.#standing;
    if (call.state === "ringing") {
      if (call.calleeId !== this.#client.userId) return;
      this.#ringing.set(call.callId, call);
      if (now.at === "idle" || now.at === "over") this.#rest();
      return;
    }
    this.#ringing.delete(call.callId);
    if (now.at === "idle" || now.at === "over" || now.call?.callId !== call.callId) return;
    if (call.state === "accepted") {
      if (now.at === "incoming") this.#rest(); // on another device
      if (now.at === "calling") {
        now.talk?.answered();
        this.#show({ ...now, at: "talking", call, since: Date.now() });
      }
      return;
    }
    this.#ended(now, call);
  }

  #ended(now: Exclude<Standing, { at: "idle" | "over" }>, call: Call): void {
    const mine = call.by === this.#client.userId;
    if (now.at === "incoming") {
      if (mine || call.state === "busy") this.#rest();
      else this.#over(now.other, "missed");
      return;
    }
    if (now.at === "talking") {
      this.#over(now.other, "ended", { seconds: seconds(now.since) });
      return;
    }
    const whys = { declined: "declined", busy: "busy", missed: "noAnswer", ended: "ended" } as const;
    const why = call.state in whys ? whys[call.state as keyof typeof whys] : "ended";
    this.#over(now.other, why);
  }

  /** The connection was away: what became of the calls meanwhile? Those that ring are told anew. */
  #ask(): void {
    const calls = new Map(this.#ringing);
    if ("call" in this.#standing && this.#standing.call)
      calls.set(this.#standing.call.callId, this.#standing.call);
    for (const known of calls.values()) {
      this.#client.getCall(known.callId).then(
        (now) => this.#told(now),
        (error) => {
          if (errorCode(error) === "not_found") this.#told({ ...known, state: "ended" });
        },
      );
    }
  }

  #answer(call: Call, how: "decline" | "end"): void {
    this.#client.answerCall(call.callId, how).catch(() => {}); // it is over already, or ends without a device
  }

  #over(other: Other, why: Why, more: { seconds?: number; error?: unknown } = {}): void {
    const before = this.#standing;
    if (before.at === "calling" || before.at === "talking") before.talk?.close();
    this.#show({ at: "over", other, why, ...more });
    if (why !== "missed") this.#hiding = setTimeout(() => this.dismiss(), shown);
  }

  /** Nothing is under way here: what else rings can be shown. */
  #rest(): void {
    const [call] = this.#ringing.values();
    if (!call) {
      this.#show(idle);
      return;
    }
    const other = { userId: call.callerId, name: call.callerName || call.callerId };
    const { data } = call;
    const video = typeof data === "object" && data !== null && !Array.isArray(data) && data.video === true;
    this.#show({ at: "incoming", other, call, video });
  }

  /** Nothing has happened since it was shown. */
  #is(standing: Standing): boolean {
    return this.#standing === standing;
  }

  #show(standing: Standing): void {
    clearTimeout(this.#hiding);
    this.#standing = standing;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Calls are not everybody's: what they take is loaded with the first. */
async function opened(client: Client, video: boolean): Promise<Talk> {
  const { Talk } = await import("./talk");
  return Talk.open(client, video);
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
