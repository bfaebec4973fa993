/** A time as people read it, to the minute or `exact`; what the server said is in its title. */
export function Moment({ at, exact = false }: { at: string | undefined; exact?: boolean }) {
  if (!at) return null;
  return (
    <time dateTime={at} title={at}>
      {(exact ? toTheMillisecond : toTheMinute).format(new Date(at))}
    </time>
  );
}

const toTheMinute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const toTheMillisecond = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** A span of time in a unit that fits it: 210 µs, 4.2 ms, 1.5 s. */
export function span(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1) return `${short.format(milliseconds * 1000)} µs`;
  if (milliseconds >= 1000) return `${short.format(milliseconds / 1000)} s`;
  return `${short.format(milliseconds)} ms`;
}

/** A number in few digits: 12,345, 12.3, 0.21. */
export function figure(n: number): string {
  return Math.abs(n) >= 100 ? whole.format(n) : short.format(n);
}

/** Bytes in a unit that fits them. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let size = n;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at++;
  }
  return `${short.format(size)} ${units[at]}`;
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });
