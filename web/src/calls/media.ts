/** What this device shows and says. A track that is missing can be added later. */
export class Media {
  readonly microphone: MediaStreamTrack;
  /** Called when the camera or the screen is gone without having been turned off here. */
  ended: (() => void) | undefined;
  readonly #camera = new Source(() => this.ended?.());
  readonly #screen = new Source(() => this.ended?.());

  private constructor(microphone: MediaStreamTrack, camera: MediaStreamTrack | undefined) {
    this.microphone = microphone;
    this.#camera.put(camera);
  }

  /**
   * Asks for the microphone, and for the camera if there is to be a picture: one
   * that is refused or missing does not end the call. Fails without a microphone.
   */
  static async open(video: boolean): Promise<Media> {
    const both = video ? await ask({ audio: sound, video: picture }).catch(() => undefined) : undefined;
    const stream = both ?? (await ask({ audio: sound }));
    const [microphone] = stream.getAudioTracks();
    if (!microphone) throw new Error("there is no microphone");
    return new Media(microphone, stream.getVideoTracks()[0]);
  }

  /** What is shown: the screen, else the camera. */
  get picture(): MediaStreamTrack | undefined {
    return this.#screen.track ?? this.#camera.track;
  }

  get muted(): boolean {
    return !this.microphone.enabled;
  }

  get hasCamera(): boolean {
    return this.#camera.track !== undefined;
  }

  get hasScreen(): boolean {
    return this.#screen.track !== undefined;
  }

  mute(muted: boolean): void {
    this.microphone.enabled = !muted;
  }

  /** Turns the camera on or off; fails where it may not be used. */
  async showCamera(on: boolean): Promise<void> {
    this.#camera.end();
    if (on) await this.#camera.begin(() => ask({ video: picture }));
  }

  /** Asks for a screen or window, and shows it. */
  async showScreen(on: boolean): Promise<void> {
    this.#screen.end();
    if (on) await this.#screen.begin(() => navigator.mediaDevices.getDisplayMedia({ video: true }));
  }

  /** Lets go of everything, and of what somebody was asked for and allows only then. */
  close(): void {
    this.microphone.stop();
    this.#camera.end();
    this.#screen.end();
  }
}

/** A camera or a screen: one track of it, or none. */
class Source {
  track: MediaStreamTrack | undefined;
  #asked = 0;
  readonly #ended: () => void;

  constructor(ended: () => void) {
    this.#ended = ended;
  }

  /** A person takes their time to answer: who was asked again meanwhile, or has hung up, is not to be filmed. */
  async begin(open: () => Promise<MediaStream>): Promise<void> {
    const asked = ++this.#asked;
    const [track] = (await open()).getVideoTracks();
    if (asked === this.#asked) this.put(track);
    else track?.stop();
  }

  put(track: MediaStreamTrack | undefined): void {
    this.track = track;
    track?.addEventListener("ended", () => {
      if (this.track !== track) return;
      this.track = undefined;
      this.#ended();
    });
  }

  end(): void {
    this.#asked++;
    this.track?.stop();
    this.track = undefined;
  }
}

const sound: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
const picture: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};

async function ask(what: MediaStreamConstraints): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(what);
}
