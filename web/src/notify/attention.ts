const lock = "parley.looking";

/** Reports whether somebody looks at this page. */
export function looking(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/**
 * Notes for the browser's other pages whether somebody looks at this one, until the function that it
 * returns is called: a lock that a page has goes with it, however it ends.
 */
export function noteLooking(): () => void {
  let release: (() => void) | undefined;
  const turn = () => {
    if (looking() === (release !== undefined)) return;
    if (release) {
      release();
      release = undefined;
      return;
    }
    const over = new Promise<void>((resolve) => {
      release = resolve;
    });
    void navigator.locks?.request(lock, { mode: "shared" }, () => over);
  };
  const events = ["focus", "blur"] as const;
  for (const name of events) addEventListener(name, turn);
  document.addEventListener("visibilitychange", turn);
  turn();
  return () => {
    for (const name of events) removeEventListener(name, turn);
    document.removeEventListener("visibilitychange", turn);
    release?.();
  };
}

/** Reports whether somebody looks at any page of this chat in this browser. */
export async function anybodyLooking(): Promise<boolean> {
  if (looking()) return true;
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === lock);
}
