/**
 * A signal that is aborted when one of `signals` is, or after so many
 * milliseconds, until `stop` is called. (AbortSignal.any is not everywhere.)
 */
export function abortedBy(
  signals: (AbortSignal | undefined)[],
  within?: number,
): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const stops: (() => void)[] = [];
  const stop = () => {
    for (const end of stops.splice(0)) end();
  };
  const abort = (reason: unknown) => {
    stop();
    controller.abort(reason);
  };
  for (const signal of signals) {
    if (!signal) continue;
    const follow = () => abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener("abort", follow);
    stops.push(() => signal.removeEventListener("abort", follow));
  }
  if (within !== undefined && !controller.signal.aborted) {
    const timer = setTimeout(() => abort(new Error(`no answer within ${within} ms`)), within);
    stops.push(() => clearTimeout(timer));
  }
  if (controller.signal.aborted) stop();
  return { signal: controller.signal, stop };
}
