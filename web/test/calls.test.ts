import { type Call, type Client, type ClientEvents, ParleyError } from "@parley/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Line } from "../src/calls/line";
import { Media } from "../src/calls/media";
import { Talk } from "../src/calls/talk";
import { ring, tones } from "../src/calls/tone";

const begun: Call = {
  callId: "c1",
  state: "ringing",
  callerId: "ben",
  callerName: "Ben",
  calleeId: "ada",
  channelId: "dm:ada:ben",
  startedAt: "2026-01-01T00:00:00Z",
};

/** A line of ada's: what it asks of the server is in `asked`, and `tell` is the server. */
function world(
  answers: { call?: () => Promise<Call>; accept?: () => Promise<Call>; open?: () => Promise<Talk> } = {},
) {
  const asked: string[] = [];
  const listeners = new Map<string, (event: never) => void>();
  const client = {
    userId: "ada",
    on: (name: string, listener: (event: never) => void) => {
      listeners.set(name, listener);
      return () => listeners.delete(name);
    },
    call: async (userId: string) => {
      asked.push(`call ${userId}`);
      return answers.call?.() ?? { ...begun, callId: "c2", callerId: "ada", calleeId: userId };
    },
    answerCall: async (id: string, how: string) => {
      asked.push(`${how} ${id}`);
      if (how === "accept" && answers.accept) return answers.accept();
      return { ...begun, callId: id };
    },
    getCall: async (id: string) => {
      asked.push(`look ${id}`);
      throw new ParleyError("not_found", "it is over");
    },
  } as unknown as Client;
  const talks: string[] = [];
  const talk = {
    join: (c: Call) => talks.push(`join ${c.callId}`),
    answered: () => talks.push("answered"),
    close: () => talks.push("close"),
  };
  const line = new Line(client, answers.open ?? (async () => talk as unknown as Talk));
  const stop = line.subscribe(() => {});
  const tell = (call: Partial<Call>) =>
    listeners.get("call.state")?.({ ...begun, ...call } as ClientEvents["call.state"] as never);
  return { line, asked, talks, tell, stop, ready: () => listeners.get("ready")?.({} as never) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const ben = { userId: "ben", name: "Ben" };
const settle = () => vi.advanceTimersByTimeAsync(0);

describe("a line", () => {
  test("rings when somebody calls, and is in the call when it is accepted", async () => {
    const { line, asked, talks, tell } = world();
    tell({ data: { video: true } });
    expect(line.snapshot()).toMatchObject({ at: "incoming", other: ben, video: true });
    await line.accept(true);
    expect(asked).toEqual(["accept c1"]);
    expect(talks).toEqual(["join c1"]);
    expect(line.snapshot()).toMatchObject({ at: "talking", other: ben });
    line.hangUp();
    expect(asked).toEqual(["accept c1", "end c1"]);
    expect(talks).toEqual(["join c1", "close"]);
    expect(line.snapshot()).toMatchObject({ at: "over", why: "ended" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(line.snapshot()).toEqual({ at: "idle" });
  });

  test("stops ringing when another device answers or declines", () => {
    for (const state of ["accepted", "declined"] as const) {
      const { line, tell, asked } = world();
      tell({});
      tell({ state, by: "ada" });
      expect(line.snapshot()).toEqual({ at: "idle" });
      expect(asked).toEqual([]);
    }
  });

  test("shows a call that was missed until somebody has seen it", async () => {
    for (const end of [{ state: "missed" }, { state: "ended", by: "ben" }] as const) {
      const { line, tell } = world();
      tell({});
      tell(end);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(line.snapshot()).toMatchObject({ at: "over", why: "missed", other: ben });
      line.dismiss();
      expect(line.snapshot()).toEqual({ at: "idle" });
    }
  });

  test("says why nobody came: declined, busy, no answer", async () => {
    for (const [state, why] of [
      ["declined", "declined"],
      ["busy", "busy"],
      ["missed", "noAnswer"],
    ] as const) {
      const { line, tell, talks } = world();
      await line.start(ben, false);
      expect(line.snapshot()).toMatchObject({ at: "calling", call: { callId: "c2" } });
      tell({ callId: "c2", callerId: "ada", calleeId: "ben", state, by: "ben" });
      expect(line.snapshot()).toMatchObject({ at: "over", why });
      expect(talks).toEqual(["join c2", "close"]);
    }
  });

  test("that is hung up before the microphone was allowed calls nobody, and lets go of it", async () => {
    let open = (_: Talk) => {};
    const closed: string[] = [];
    const { line, asked } = world({
      open: () =>
        new Promise((done) => {
          open = done;
        }),
    });
    void line.start(ben, false);
    line.hangUp();
    open({ close: () => closed.push("closed") } as unknown as Talk);
    await settle();
    expect(asked).toEqual([]);
    expect(closed).toEqual(["closed"]);
    expect(line.snapshot()).toEqual({ at: "idle" });
  });

  test("without a microphone says so, and declines what was to be answered", async () => {
    const none = { open: () => Promise.reject(new Error("no")) };
    const out = world(none);
    await out.line.start(ben, false);
    expect(out.line.snapshot()).toMatchObject({ at: "over", why: "noMicrophone" });
    expect(out.asked).toEqual([]);
    const into = world(none);
    into.tell({});
    await into.line.accept(false);
    expect(into.line.snapshot()).toMatchObject({ at: "over", why: "noMicrophone" });
    expect(into.asked).toEqual(["decline c1"]);
  });

  test("of two who call each other at once has one call", async () => {
    const { line, asked, tell, talks } = world({
      call: async () => {
        tell({});
        throw new ParleyError("exists", "they call you");
      },
    });
    await line.start(ben, false);
    expect(asked).toEqual(["call ben", "accept c1"]);
    expect(talks).toEqual(["join c1"]);
    expect(line.snapshot()).toMatchObject({ at: "talking" });
  });

  test("tells its talk when the other side has answered", async () => {
    const { line, tell, talks } = world();
    await line.start(ben, false);
    tell({ callId: "c2", callerId: "ada", calleeId: "ben", state: "accepted", by: "ben" });
    expect(line.snapshot()).toMatchObject({ at: "talking", call: { callId: "c2" } });
    expect(talks).toEqual(["join c2", "answered"]);
  });

  test("says so where another device of the user's has the call, or is in one, and ends neither", async () => {
    const exists = () => Promise.reject(new ParleyError("exists", "another call is under way"));
    const late = world({ accept: exists });
    late.tell({});
    await late.line.accept(false);
    expect(late.line.snapshot()).toMatchObject({ at: "over", why: "elsewhere" });
    expect(late.asked).toEqual(["accept c1"]);
    expect(late.talks).toEqual(["close"]);
    const busy = world({ call: exists });
    await busy.line.start(ben, false);
    expect(busy.line.snapshot()).toMatchObject({ at: "over", why: "engaged" });
    expect(busy.asked).toEqual(["call ben"]);
  });

  test("that was away asks what became of its call", async () => {
    const { line, ready, asked, tell } = world();
    tell({});
    ready();
    await settle();
    expect(asked).toEqual(["look c1"]);
    expect(line.snapshot()).toMatchObject({ at: "over", why: "missed" });
  });

  test("in a call lets others ring unheard, and rings when it is over", async () => {
    const { line, tell } = world();
    await line.start(ben, false);
    tell({ callId: "c3", callerId: "cy", callerName: "Cy" });
    expect(line.snapshot()).toMatchObject({ at: "calling" });
    line.hangUp();
    expect(line.snapshot()).toMatchObject({ at: "incoming", other: { userId: "cy" } });
    line.decline();
    expect(line.snapshot()).toEqual({ at: "idle" });
  });
});

/** A camera, microphone or screen. */
class Track extends EventTarget {
  stopped = false;
  enabled = true;
  constructor(readonly kind: "audio" | "video") {
    super();
  }
  stop(): void {
    this.stopped = true;
  }
}

/** A browser whose person answers when `answer` is called; `tracks` are those that were given out. */
function devices({ camera = true } = {}) {
  const tracks: Track[] = [];
  const answers: (() => void)[] = [];
  const give = (kinds: readonly ("audio" | "video")[]) => {
    const given = kinds.map((kind) => new Track(kind));
    tracks.push(...given);
    const of = (kind: string) => given.filter((t) => t.kind === kind);
    return { getAudioTracks: () => of("audio"), getVideoTracks: () => of("video") };
  };
  const asked = (kinds: readonly ("audio" | "video")[]) =>
    new Promise((done) => answers.push(() => done(give(kinds))));
  vi.stubGlobal("navigator", {
    mediaDevices: {
      getUserMedia: async ({ audio, video }: MediaStreamConstraints) => {
        if (audio && video && !camera) throw new DOMException("no", "NotAllowedError");
        return audio ? give(video ? ["audio", "video"] : ["audio"]) : asked(["video"]);
      },
      getDisplayMedia: () => asked(["video"]),
    },
  });
  return { tracks, answer: () => answers.shift()?.() };
}

describe("what a device shows", () => {
  test("is turned off again where it was allowed only after the call", async () => {
    for (const show of ["showCamera", "showScreen"] as const) {
      const { tracks, answer } = devices();
      const media = await Media.open(false);
      const showing = media[show](true);
      media.close();
      answer();
      await showing;
      expect(tracks.map((t) => t.stopped)).toEqual([true, true]);
      expect(media.picture).toBeUndefined();
    }
  });

  test("is one camera, however often it is asked for", async () => {
    const { tracks, answer } = devices();
    const media = await Media.open(false);
    const showing = [media.showCamera(true), media.showCamera(true)];
    answer();
    answer();
    await Promise.all(showing);
    expect(tracks.map((t) => t.stopped)).toEqual([false, true, false]);
    expect(media.picture).toBe(tracks[2]);
  });

  test("is nothing any more when the browser ends it, and that is told", async () => {
    const { tracks, answer } = devices();
    const media = await Media.open(true);
    let ended = 0;
    media.ended = () => ended++;
    const showing = media.showScreen(true);
    answer();
    await showing;
    expect(media.picture).toBe(tracks[2]);
    tracks[2]?.dispatchEvent(new Event("ended"));
    expect(media.picture).toBe(tracks[1]);
    tracks[1]?.dispatchEvent(new Event("ended"));
    expect(media.picture).toBeUndefined();
    expect(ended).toBe(2);
  });
});

describe("a talk", () => {
  async function talkOf(callerId: string, video = false): Promise<Talk> {
    vi.stubGlobal(
      "RTCPeerConnection",
      class {
        close() {}
      },
    );
    vi.stubGlobal("MediaStream", class {});
    const client = {
      userId: "ada",
      on: () => () => {},
      signal: () => {},
      request: async () => ({ iceServers: [] }),
    } as unknown as Client;
    const talk = await Talk.open(client, video);
    talk.join({ ...begun, callerId, calleeId: callerId === "ada" ? "ben" : "ada" });
    return talk;
  }

  test("of a caller waits for as long as it rings, and then so long for a connection", async () => {
    devices();
    const talk = await talkOf("ada");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(talk.snapshot().link).toBe("connecting");
    talk.answered();
    await vi.advanceTimersByTimeAsync(39_000);
    expect(talk.snapshot().link).toBe("connecting");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(talk.snapshot().link).toBe("lost");
    talk.close();
  });

  test("of who was called does not wait for ever", async () => {
    devices();
    const talk = await talkOf("ben");
    await vi.advanceTimersByTimeAsync(41_000);
    expect(talk.snapshot().link).toBe("lost");
    talk.close();
  });

  test("says that there is no camera where one was asked for", async () => {
    devices({ camera: false });
    expect((await talkOf("ada", true)).snapshot()).toMatchObject({ noCamera: true, camera: false });
  });
});

describe("a tone", () => {
  test("is silent on a page that nobody has touched, and does not catch up on it", async () => {
    let sounds = 0;
    let resume = () => {};
    const node = () => ({
      frequency: {},
      gain: { setValueAtTime() {}, linearRampToValueAtTime() {} },
      connect: (to: unknown) => to,
      start: () => sounds++,
      stop() {},
    });
    const context = {
      state: "suspended",
      currentTime: 0,
      resume: () =>
        new Promise<void>((done) => {
          resume = done;
        }),
      close: async () => {},
      createOscillator: node,
      createGain: node,
    };
    const stop = ring(tones.incoming, () => context as unknown as AudioContext);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sounds).toBe(0);
    context.state = "running";
    resume();
    await settle();
    expect(sounds).toBe(tones.incoming.notes.length);
    stop();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sounds).toBe(tones.incoming.notes.length);
  });
});
