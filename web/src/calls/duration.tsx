import { type ReactNode, useEffect, useState } from "react";

/** How long it is since a time in milliseconds, as it goes on. */
export function Duration({ since }: { since: number }): ReactNode {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <span role="timer">{lasted(Math.max(0, (now - since) / 1000))}</span>;
}

/** Seconds as a clock shows them: `1:05`. */
export function lasted(seconds: number): string {
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => `${n}`.padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
