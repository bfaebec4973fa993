/** Milliseconds since the epoch of an ISO 8601 time, with the fractions of them that `Date` leaves out. */
export function instant(time: string): number {
  const fraction = time.match(/\.\d{3}(\d+)/)?.[1] ?? "";
  return Date.parse(time) + (fraction ? Number(`0.${fraction}`) : 0);
}
