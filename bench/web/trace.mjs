// What Chromium's own trace says of a page.

// traced runs f while the page is traced.
export async function traced(browser, page, f) {
  await browser.startTracing(page, { categories: ['loading', 'blink.user_timing', 'devtools.timeline', 'toplevel'] });
  let buffer;
  try {
    await f();
  } finally {
    buffer = await browser.stopTracing();
  }
  return new Trace(JSON.parse(buffer.toString()).traceEvents);
}

class Trace {
  #events;

  constructor(events) { this.#events = events; }

  // longTasks are how many tasks held the page's main thread for over 50 ms.
  longTasks() {
    const main = this.#events.find((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain' && this.#painted(e.pid));
    return this.#events.filter((e) => e.name.endsWith('RunTask') && e.pid === main?.pid && e.tid === main.tid && e.dur > 50_000).length;
  }

  #painted(pid) { return this.#events.some((e) => e.pid === pid && e.name === 'EventDispatch' && e.args.data?.type === 'keydown'); }
}
