import type { ReactNode } from "react";

/** A moment as the person's own language and clock say it: in full to who points at it. */
export function Time({ at, as = "time" }: { at: string; as?: "time" | "day" | "full" }): ReactNode {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return null;
  return (
    <time dateTime={at} title={full.format(date)}>
      {forms[as].format(date)}
    </time>
  );
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const forms = {
  time: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
  day: new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" }),
  full: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
};

const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

/** How long ago something was, in the largest unit that fits. */
export function since(at: string | number | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return ago.format(Math.trunc(seconds / length), unit);
  }
  return ago.format(0, "minute");
}
