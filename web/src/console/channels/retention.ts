const day = 86_400;

/** Seconds as days, with as many decimals as it takes to give the same seconds back. */
export function daysOf(seconds: number): string {
  return String(Math.round((seconds / day) * 1e6) / 1e6);
}

/** Days as whole seconds; undefined if that is no time to keep anything for. */
export function secondsOf(days: string): number | undefined {
  const seconds = Math.round(Number(days.trim().replace(",", ".")) * day);
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
}
