/** A tone: hertz, and seconds that it sounds and is silent. */
interface Tone {
  readonly notes: readonly number[];
  readonly on: number;
  readonly off: number;
}

/** What the two hear while it rings: who is called, and who calls. */
export const tones = {
  incoming: { notes: [659, 784, 988], on: 0.9, off: 1.6 },
  outgoing: { notes: [440], on: 1, off: 3 },
} satisfies Record<string, Tone>;

/**
 * Plays a tone again and again until the function that it returns is called. A
 * page that nobody has touched yet may make no sound: then there is none.
 */
export function ring(
  { notes, on, off }: Tone,
  open: () => AudioContext = () => new AudioContext(),
): () => void {
  let context: AudioContext;
  try {
    context = open();
  } catch {
    return () => {}; // there is no sound here
  }
  const play = () => {
    if (context.state !== "running") return; // or all of them would sound at once when somebody touches the page
    notes.forEach((hertz, i) => {
      sound(context, hertz, context.currentTime + (i * on) / notes.length, on / notes.length);
    });
  };
  context.resume().then(play, () => {});
  const timer = setInterval(play, (on + off) * 1000);
  return () => {
    clearInterval(timer);
    context.close().catch(() => {});
  };
}

function sound(context: AudioContext, hertz: number, from: number, seconds: number): void {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(0.08, from + 0.03);
  gain.gain.setValueAtTime(0.08, from + seconds * 0.6);
  gain.gain.linearRampToValueAtTime(0, from + seconds);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(from + seconds);
}
