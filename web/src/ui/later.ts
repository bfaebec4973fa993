import { type ComponentType, type LazyExoticComponent, lazy } from "react";

const ahead: (() => Promise<unknown>)[] = [];

/** How long it takes until a part that could not be loaded is asked for again, in milliseconds, and how often. */
const again = 2000;
const tries = 30;

/**
 * A part of the page that is not in its first load, picked from its module. It comes with loadAhead,
 * or when it is first shown; while the server is down, whatever waits for it goes on waiting.
 * `large`: only when it is shown.
 */
export function later<Module, Props>(
  load: () => Promise<Module>,
  pick: (module: Module) => ComponentType<Props>,
  { large = false } = {},
): LazyExoticComponent<ComponentType<Props>> {
  if (!large) ahead.push(load);
  return lazy(async () => ({ default: pick(await persist(load)) }));
}

/** Loads every part that is not large, one after the other, so that none of them needs the server any more. */
export async function loadAhead(): Promise<void> {
  for (const load of ahead) {
    try {
      await load();
    } catch {
      return; // there is no server just now: the rest comes when it is needed
    }
  }
}

async function persist<Module>(load: () => Promise<Module>): Promise<Module> {
  for (let failed = 0; ; ) {
    try {
      return await load();
    } catch (error) {
      failed++;
      if (failed === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, again));
    }
  }
}

/** Styles that could not be loaded are asked for again until they are there: what imports them does so once. */
export function retryStyles(page: Document): void {
  const failed = ({ target }: Event) => {
    if (!(target instanceof HTMLLinkElement) || target.rel !== "stylesheet") return;
    setTimeout(() => target.replaceWith(target.cloneNode()), again);
  };
  page.addEventListener("error", failed, { capture: true });
}
