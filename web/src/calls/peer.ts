import type { Json } from "@parley/client";
import type { Media } from "./media";

/** What two devices in a call say to each other by the server. */
export type Said =
  | { event: "offer" | "answer"; data: { type: "offer" | "answer"; sdp: string } }
  | { event: "ice-candidate"; data: { candidate: Json } };

/** What a device tells the other of itself, over the connection. */
interface Showing {
  picture: boolean;
  muted: boolean;
}

export type Link = "connecting" | "connected" | "reconnecting" | "lost";

export interface PeerOptions {
  servers: RTCIceServer[];
  media: Media;
  /** Of two offers that meet the polite one's is taken back. */
  polite: boolean;
  say(said: Said): void;
  changed(): void;
}

/** A break in the connection is waited out so many milliseconds before another way is looked for. */
const patience = 2000;
/** A call that has no connection for so many milliseconds is lost. */
const most = 40_000;

/**
 * The connection between two devices. Both sides begin with one track for sound
 * and one for pictures, so that cameras and screens come and go without another
 * negotiation; only a change of the network needs one.
 */
export class Peer {
  readonly stream = new MediaStream();
  readonly #options: PeerOptions;
  readonly #connection: RTCPeerConnection;
  #showing: RTCDataChannel | undefined;
  #link: Link = "connecting";
  #theirs: Showing = { picture: false, muted: false };
  #offering = false;
  #ignored = false;
  #early: RTCIceCandidateInit[] = [];
  #work: Promise<void> = Promise.resolve();
  #restart: ReturnType<typeof setTimeout> | undefined;
  #end: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    const connection = new RTCPeerConnection({ iceServers: options.servers });
    this.#connection = connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) options.say({ event: "ice-candidate", data: { candidate: plain(candidate) } });
    };
    connection.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      options.changed();
    };
    connection.onconnectionstatechange = () => this.#turned();
    connection.onnegotiationneeded = () => this.#queue(() => this.#offer());
  }

  get link(): Link {
    return this.#link;
  }

  /** The other side has its camera or screen on, or its microphone off. */
  get theirs(): Showing {
    return this.#theirs;
  }

  /** Gives up unless there is a connection in time. Before, it may ring for as long as the server lets it. */
  expect(): void {
    if (this.#link === "connecting") this.#end ??= setTimeout(() => this.#lost(), most);
  }

  /** Puts the tracks in, whereupon the first offer is made. */
  begin(): void {
    const { media } = this.#options;
    this.#connection.addTransceiver(media.microphone, { direction: "sendrecv" });
    this.#connection.addTransceiver(media.picture ?? "video", { direction: "sendrecv" });
    this.#openShowing();
  }

  /** Takes what the other device said. */
  hear(said: Said): void {
    this.#queue(() => this.#hear(said));
  }

  /** Looks for another way to the other device. */
  restart(): void {
    if (this.#connection.signalingState === "closed") return;
    this.#connection.restartIce();
  }

  /** Says the offer again, which the other device may not have heard. */
  repeat(): void {
    const { localDescription, signalingState } = this.#connection;
    if (signalingState === "have-local-offer" && localDescription) this.#describe(localDescription);
  }

  /** What this device shows is another. */
  async show(): Promise<void> {
    const { media } = this.#options;
    const [, picture] = this.#connection.getTransceivers();
    await picture?.sender.replaceTrack(media.picture ?? null);
    const now: Showing = { picture: media.picture !== undefined, muted: media.muted };
    if (this.#showing?.readyState === "open") this.#showing.send(JSON.stringify(now));
  }

  close(): void {
    clearTimeout(this.#restart);
    clearTimeout(this.#end);
    this.#connection.close();
  }

  #openShowing(): void {
    const showing = this.#connection.createDataChannel("showing", { negotiated: true, id: 0 });
    showing.onopen = () => void this.show().catch(() => {}); // it is closed again
    showing.onmessage = ({ data }) => this.#told(data);
    this.#showing = showing;
  }

  /** One thing after the other: descriptions that overlap contradict each other. */
  #queue(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(() => {
      // A description that cannot be taken: what fails to connect is restarted, and lost in the end.
    });
  }

  async #offer(): Promise<void> {
    this.#offering = true;
    try {
      await this.#connection.setLocalDescription();
      this.#describe(this.#connection.localDescription);
    } finally {
      this.#offering = false;
    }
  }

  async #hear(said: Said): Promise<void> {
    const connection = this.#connection;
    if (said.event === "ice-candidate") {
      const candidate = said.data.candidate as RTCIceCandidateInit;
      if (!connection.remoteDescription) this.#early.push(candidate);
      else if (!this.#ignored) await connection.addIceCandidate(candidate);
      return;
    }
    const meets = said.event === "offer" && (this.#offering || connection.signalingState !== "stable");
    this.#ignored = meets && !this.#options.polite;
    if (this.#ignored || (said.event === "answer" && connection.signalingState !== "have-local-offer"))
      return;
    await connection.setRemoteDescription(said.data);
    if (said.event === "offer") {
      await this.#fill();
      await connection.setLocalDescription();
      this.#describe(connection.localDescription);
    }
    for (const candidate of this.#early.splice(0)) this.#queue(() => connection.addIceCandidate(candidate)); // one that is bad spoils no other
  }

  /** Puts this device's tracks where the other's offer has room for them. */
  async #fill(): Promise<void> {
    const { media } = this.#options;
    const [sound, picture] = this.#connection.getTransceivers();
    for (const transceiver of [sound, picture]) if (transceiver) transceiver.direction = "sendrecv";
    await sound?.sender.replaceTrack(media.microphone);
    await picture?.sender.replaceTrack(media.picture ?? null);
    if (!this.#showing) this.#openShowing();
  }

  #describe(description: RTCSessionDescription | null): void {
    const { type, sdp } = description ?? {};
    if ((type === "offer" || type === "answer") && sdp !== undefined)
      this.#options.say({ event: type, data: { type, sdp } });
  }

  #turned(): void {
    const { connectionState } = this.#connection;
    clearTimeout(this.#restart);
    if (connectionState === "connected") {
      clearTimeout(this.#end);
      this.#end = undefined;
      this.#link = "connected";
    } else if (this.#link === "connected" || this.#link === "reconnecting") {
      this.#link = "reconnecting";
      this.#end ??= setTimeout(() => this.#lost(), most);
      const wait = connectionState === "failed" ? 0 : patience;
      this.#restart = setTimeout(() => this.restart(), wait);
    } else if (connectionState === "failed") {
      this.#restart = setTimeout(() => this.restart(), patience);
    }
    this.#options.changed();
  }

  #lost(): void {
    this.#link = "lost";
    this.#options.changed();
  }

  #told(data: unknown): void {
    try {
      const { picture, muted } = JSON.parse(String(data)) as Partial<Record<keyof Showing, unknown>>;
      this.#theirs = { picture: picture === true, muted: muted === true };
      this.#options.changed();
    } catch {
      // It says nothing of itself.
    }
  }
}

function plain({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: RTCIceCandidate): Json {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}
