import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { Asking, useAsked, useDeed, usePolled, useRefresh } from "../src/console/asking";
import { usePages } from "../src/console/pages";
import { Refusal, Rest } from "../src/console/rest";

const rest = new Rest("");
const wrapper = ({ children }: { children: ReactNode }) => <Asking rest={rest}>{children}</Asking>;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Answers that are given when the test says so, by what was asked. */
class Later {
  readonly #waiting = new Map<string, (answer: string) => void>();

  ask = (what: string) => new Promise<string>((resolve) => this.#waiting.set(what, resolve));

  give(what: string, answer: string) {
    return act(async () => this.#waiting.get(what)?.(answer));
  }
}

test("an answer that comes too late for its subject is not shown", async () => {
  const later = new Later();
  const { result, rerender } = renderHook(({ subject }) => useAsked(subject, () => later.ask(subject)), {
    wrapper,
    initialProps: { subject: "a" },
  });
  rerender({ subject: "b" });
  expect(result.current.answer).toBeUndefined();
  await later.give("b", "of b");
  await later.give("a", "of a");
  expect(result.current.answer).toBe("of b");
});

test("while it is asked again the answer before it stays", async () => {
  const later = new Later();
  const { result } = renderHook(() => useAsked("a", () => later.ask("a")), { wrapper });
  await later.give("a", "one");
  act(() => result.current.again());
  expect(result.current).toMatchObject({ answer: "one", busy: true });
  await later.give("a", "two");
  expect(result.current).toMatchObject({ answer: "two", busy: false });
});

test("a refresh asks for everything that is shown", async () => {
  const asked: string[] = [];
  const note = (what: string) => async () => asked.push(what);
  const { result } = renderHook(
    () => {
      useAsked("a", note("a"));
      usePages("b", async () => ({ items: [await note("b")()] }));
      return useRefresh();
    },
    { wrapper },
  );
  await waitFor(() => expect(asked).toEqual(["a", "b"]));
  act(() => result.current());
  await waitFor(() => expect(asked).toEqual(["a", "b", "a", "b"]));
});

test("nothing is asked while the page is hidden, and at once when it is seen again", async () => {
  const seen = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  const turn = async (state: DocumentVisibilityState) => {
    seen.mockReturnValue(state);
    await act(async () => document.dispatchEvent(new Event("visibilitychange")));
  };
  const question = vi.fn(async () => "now");
  const heard: string[] = [];
  vi.useFakeTimers();
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  renderHook(() => usePolled(1000, question, (answer) => heard.push(answer)), { wrapper });
  await pass(10_000);
  expect(question).not.toHaveBeenCalled();
  await turn("visible");
  expect(question).toHaveBeenCalledTimes(1);
  await pass(2000);
  expect(heard.length).toBe(3);
  await turn("hidden");
  await pass(10_000);
  expect(question).toHaveBeenCalledTimes(3);
});

test("a deed is done once at a time, and its refusal is kept", async () => {
  let refuse: (why: Error) => void = () => {};
  const deed = vi.fn(() => new Promise<void>((_, reject) => (refuse = reject)));
  const { result } = renderHook(() => useDeed(deed), { wrapper });
  let first: Promise<boolean> | undefined;
  act(() => {
    first = result.current.run();
    void result.current.run();
  });
  expect(deed).toHaveBeenCalledTimes(1);
  await act(async () => refuse(new Refusal("forbidden", "", 403)));
  expect(await first).toBe(false);
  expect(result.current).toMatchObject({ busy: false, refusal: { code: "forbidden" } });
});

test("a list grows page by page, and begins again at its first", async () => {
  const pages = new Map([
    ["", { items: [1, 2], next: "2" }],
    ["2", { items: [3], next: undefined }],
  ]);
  const turn = async (_: Rest, after = "") => {
    const page = pages.get(after);
    if (!page) throw new Refusal("not_found", after, 404);
    return { ...page };
  };
  const { result } = renderHook(() => usePages("numbers", turn), { wrapper });
  await waitFor(() => expect(result.current.items).toEqual([1, 2]));
  act(() => result.current.more?.());
  await waitFor(() => expect(result.current.items).toEqual([1, 2, 3]));
  expect(result.current.more).toBeUndefined();
  act(() => result.current.again());
  await waitFor(() => expect(result.current.items).toEqual([1, 2]));
});
