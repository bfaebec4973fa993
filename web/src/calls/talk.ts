import type { Call, Client, ClientEvents, Json } from "@parley/client";
import { Media } from "./media";
import { type Link, Peer, type Said } from "./peer";

/** What is shown of a talk. */
export interface TalkView {
  readonly link: Link;
  /** What the other side says and shows. */
  readonly stream: MediaStream | undefined;
  readonly theirPicture: boolean;
  readonly theirMuted: boolean;
  readonly muted: boolean;
  readonly camera: boolean;
  readonly screen: boolean;
  /** What this side shows. */
  readonly picture: MediaStreamTrack | undefined;
  /** The camera could not be turned on. */
  readonly noCamera: boolean;
}

/** The one who was called says so often, in milliseconds, which of its devices has answered, until it hears an offer. */
const readyEvery = 2000;

/**
 * This device's part of a call: what it shows and says, and the connection to the
 * one device of the other side that is in the call. Two users may have many: each
 * talk has an id of its own, and what is said is addressed to it, for the server's
 * session ids change when a connection comes back.
 */
export class Talk {
  readonly #client: Client;
  readonly #media: Media;
  readonly #servers: RTCIceServer[];
  readonly #id = crypto.randomUUID();
  readonly #listeners = new Set<() => void>();
  #call: Call | undefined;
  #other: string | undefined; // the other side's talk
  #peer: Peer | undefined;
  #noCamera: boolean;
  #stops: (() => void)[] = [];
  #view: TalkView;

  private constructor(client: Client, media: Media, servers: RTCIceServer[], noCamera: boolean) {
    this.#client = client;
    this.#media = media;
    this.#servers = servers;
    this.#noCamera = noCamera;
    this.#view = this.#look();
    media.ended = () => this.#shown();
  }

  /** Asks for the microphone, and with `video` the camera. Fails where there is no microphone. */
  static async open(client: Client, video: boolean): Promise<Talk> {
    const media = await Media.open(video);
    const servers = await client.request("GET", "/v1/ice-servers").then(serversIn, () => []);
    return new Talk(client, media, servers, video && !media.hasCamera);
  }

  readonly snapshot = (): TalkView => this.#view;

  readonly subscribe = (listener: () => void): (() => void) => {
    const mine = () => listener();
    this.#listeners.add(mine);
    return () => {
      this.#listeners.delete(mine);
    };
  };

  /** The call is there: the caller waits for who answers it; the one who was called has answered. */
  join(call: Call): void {
    if (this.#call) return;
    this.#call = call;
    const caller = this.#calls(call);
    this.#peer = new Peer({
      servers: this.#servers,
      media: this.#media,
      polite: !caller,
      say: (said) => this.#say(said.event, said.data),
      changed: () => this.#changed(),
    });
    const { connection } = navigator as { connection?: EventTarget };
    const restart = () => this.#peer?.restart();
    connection?.addEventListener("change", restart);
    addEventListener("online", restart);
    this.#stops.push(
      this.#client.on("signal", (signal) => this.#heard(signal)),
      this.#client.on("ready", () => this.#back()),
      () => connection?.removeEventListener("change", restart),
      () => removeEventListener("online", restart),
    );
    if (!caller) {
      this.#peer.expect();
      this.#announce();
    }
    this.#changed();
  }

  /** The other side has answered: from now on the connection has to come about. */
  answered(): void {
    this.#peer?.expect();
  }

  mute(muted: boolean): void {
    this.#media.mute(muted);
    this.#shown();
  }

  async showCamera(on: boolean): Promise<void> {
    this.#noCamera = await this.#media.showCamera(on).then(
      () => false,
      () => true,
    );
    this.#shown();
  }

  async showScreen(on: boolean): Promise<void> {
    await this.#media.showScreen(on).catch(() => {}); // who does not choose one shows none
    this.#shown();
  }

  /** Ends it, and lets go of microphone and camera. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#peer?.close();
    this.#media.close();
  }

  #calls(call: Call): boolean {
    return call.callerId === this.#client.userId;
  }

  /** Tells the caller's devices which device has answered, until the one that calls is heard. */
  #announce(): void {
    const say = () => this.#say("call.ready", {});
    const timer = setInterval(() => {
      if (this.#other === undefined) say();
      else clearInterval(timer);
    }, readyEvery);
    this.#stops.push(() => clearInterval(timer));
    say();
  }

  #say(event: string, data: { [member: string]: Json }): void {
    if (!this.#call) return;
    const { callId, callerId, calleeId } = this.#call;
    const userId = this.#calls(this.#call) ? calleeId : callerId;
    this.#client.signal({ userId }, event, {
      ...data,
      callId,
      from: this.#id,
      ...(this.#other !== undefined && { to: this.#other }),
    });
  }

  #heard({ userId, event, data }: ClientEvents["signal"]): void {
    const call = this.#call;
    if (!call || (userId !== call.callerId && userId !== call.calleeId) || userId === this.#client.userId)
      return;
    if (!isObject(data) || data.callId !== call.callId || typeof data.from !== "string") return;
    if (event === "call.ready" && this.#calls(call)) {
      if (this.#other === undefined) {
        this.#other = data.from;
        this.#peer?.begin();
      } else if (this.#other === data.from) this.#peer?.repeat();
      return;
    }
    if (data.to !== this.#id) return;
    this.#other ??= data.from;
    const said = this.#other === data.from ? saidIn(event, data) : undefined;
    if (said) this.#peer?.hear(said);
  }

  /** The way by the server was broken, and is there again: what was said meanwhile is lost. */
  #back(): void {
    this.#peer?.repeat();
    if (this.#peer && this.#other !== undefined && this.#peer.link !== "connected") this.#peer.restart();
  }

  #shown(): void {
    this.#peer?.show().catch(() => {}); // a connection that is closed shows nothing
    this.#changed();
  }

  #changed(): void {
    this.#view = this.#look();
    for (const listener of [...this.#listeners]) listener();
  }

  #look(): TalkView {
    return {
      link: this.#peer?.link ?? "connecting",
      stream: this.#peer?.stream,
      theirPicture: this.#peer?.theirs.picture ?? false,
      theirMuted: this.#peer?.theirs.muted ?? false,
      muted: this.#media.muted,
      camera: this.#media.hasCamera,
      screen: this.#media.hasScreen,
      picture: this.#media.picture,
      noCamera: this.#noCamera,
    };
  }
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the other device said, if it is something that is understood: it may say anything. */
function saidIn(event: string, data: { [key: string]: Json }): Said | undefined {
  if ((event === "offer" || event === "answer") && typeof data.sdp === "string")
    return { event, data: { type: event, sdp: data.sdp } };
  if (event === "ice-candidate" && isObject(data.candidate))
    return { event, data: { candidate: data.candidate } };
  return undefined;
}

function serversIn(answer: Json): RTCIceServer[] {
  const { iceServers } = answer as unknown as { iceServers: RTCIceServer[] };
  return iceServers;
}
