/** Calls `f` with the newest value: at once, and from then on at most every `ms` milliseconds. */
export function throttle<T>(ms: number, f: (value: T) => void): (value: T) => void {
  let waiting: { value: T } | undefined;
  let resting = false;
  const call = (value: T) => {
    f(value);
    resting = true;
    setTimeout(() => {
      resting = false;
      if (!waiting) return;
      const { value } = waiting;
      waiting = undefined;
      call(value);
    }, ms);
  };
  return (value) => {
    if (resting) waiting = { value };
    else call(value);
  };
}
