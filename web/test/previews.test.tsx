import { type Client, type Json, ParleyError } from "@parley/client";
import { ParleyProvider } from "@parley/react";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { Cards } from "../src/previews/cards";
import { firstLink } from "../src/previews/link";
import { Preview } from "../src/previews/preview";

/** What was watched for being seen, and how a test has it seen. */
class Eyes {
  static open: Eyes[] = [];
  readonly #told: IntersectionObserverCallback;
  constructor(told: IntersectionObserverCallback) {
    this.#told = told;
    Eyes.open.push(this);
  }
  observe() {}
  disconnect() {
    Eyes.open = Eyes.open.filter((eye) => eye !== this);
  }
  see(isIntersecting: boolean) {
    this.#told([{ isIntersecting } as IntersectionObserverEntry], this as unknown as IntersectionObserver);
  }
}
vi.stubGlobal("IntersectionObserver", Eyes);

afterEach(() => {
  cleanup();
  Eyes.open = [];
});

const page = { url: "https://go.dev/", title: "Go", site: "go.dev", description: "A language" };

/** A client whose requests are answered by `answer`. */
function clientOf(answer: (url: string) => Promise<Json>) {
  const asked: string[] = [];
  const request = (_method: string, _path: string, options?: { query?: { url?: unknown } }) => {
    asked.push(String(options?.query?.url));
    return answer(String(options?.query?.url));
  };
  return { asked, client: { request } as unknown as Client };
}

function shown(client: Client, text: string) {
  return render(
    <ParleyProvider client={client}>
      <Preview message={{ text }} />
    </ParleyProvider>,
  );
}

test.each([
  ["see https://go.dev/", "https://go.dev/"],
  ["see HTTPS://Go.dev/Path?a=b#c.", "https://go.dev/Path?a=b"],
  ["(https://go.dev/a)", "https://go.dev/a"],
  ["https://en.example/Go_(language)", "https://en.example/Go_(language)"],
  ["[Go](https://go.dev/doc)!", "https://go.dev/doc"],
  ["**https://go.dev/**", "https://go.dev/"],
  ["<https://go.dev/>", "https://go.dev/"],
  ["https://a.example, https://b.example", "https://a.example/"],
  ["`https://a.example` https://b.example", "https://b.example/"],
  ["```\nhttps://a.example\n``` https://b.example", "https://b.example/"],
  ["```\nhttps://a.example", undefined],
  ["https://user:pass@a.example/", undefined],
  ["javascript:alert('https://')", undefined],
  ["ftp://a.example/", undefined],
  ["http://", undefined],
  ["http://[", undefined],
  [`https://a.example/${"x".repeat(2048)}`, undefined],
  [`https://a.example/${"ä".repeat(1000)}`, undefined],
  ["go.dev", undefined],
  ["", undefined],
])("the first link of %j is %j", (text, link) => {
  expect(firstLink(text)).toBe(link);
});

test("a message of brackets costs no time", () => {
  const started = performance.now();
  expect(firstLink(`https://a.example/${")".repeat(65_000)}`)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1000); // what grew with its square took half a minute
});

test("whatever stands in a message, a link is one of the web", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("https://", "http://", "a.example", "`", "```", "(", ")", "@", ":", "/", "#"),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const link = firstLink(pieces.join(""));
      if (link === undefined) return;
      expect(["http:", "https:"]).toContain(new URL(link).protocol);
      expect(new URL(link).username).toBe("");
    }),
  );
});

test("a link is asked for when it is seen, once, and shown as text", async () => {
  const { client, asked } = clientOf(async () => ({ ...page, title: "<img src=x onerror=alert(1)>" }));
  const { container } = shown(client, "look: https://go.dev/ https://other.example/");
  act(() => Eyes.open[0]?.see(false));
  expect(asked).toEqual([]);
  act(() => Eyes.open[0]?.see(true));
  const card = await screen.findByRole("link");
  expect(card.getAttribute("href")).toBe("https://go.dev/");
  expect(card.getAttribute("rel")).toContain("noreferrer");
  expect(card.textContent).toBe("go.dev<img src=x onerror=alert(1)>A language");
  expect(container.querySelector("img")).toBeNull();
  cleanup();
  shown(client, "again: https://go.dev/#part");
  screen.getByRole("link"); // it is known, and there at once
  expect(asked).toEqual(["https://go.dev/"]);
});

test.each<[string, () => Promise<Json>, number]>([
  ["nothing", async () => null, 1],
  ["invalid", () => Promise.reject(new ParleyError("invalid", "no")), 1],
  ["rate_limited", () => Promise.reject(new ParleyError("rate_limited", "no", { retry: true })), 2],
])(
  "where the server says %s nothing is shown, and it is asked as often as it makes sense",
  async (_, answer, times) => {
    const { client, asked } = clientOf(answer);
    for (let n = 1; n <= 2; n++) {
      const { container } = shown(client, "https://go.dev/");
      act(() => Eyes.open[0]?.see(true));
      await waitFor(() => expect(container.firstElementChild).toBeNull());
      cleanup();
    }
    expect(asked.length).toBe(times);
  },
);

test("a picture is shown where it is one that the server has drawn", async () => {
  for (const [image, there] of [
    ["data:image/jpeg;base64,AAAA", true],
    ["data:image/svg+xml;base64,AAAA", false],
    ["https://a.example/x.png", false],
  ] as const) {
    const { client } = clientOf(async () => ({ ...page, image }));
    const { container } = shown(client, "https://go.dev/");
    act(() => Eyes.open[0]?.see(true));
    await screen.findByRole("link");
    expect(container.querySelector("img") !== null).toBe(there);
    cleanup();
  }
});

test("four are asked at once, and all in their turn", async () => {
  const answers: Array<() => void> = [];
  const { client, asked } = clientOf(
    (url) => new Promise((answer) => answers.push(() => answer({ ...page, url }))),
  );
  const cards = new Cards(client);
  const all = Promise.all(Array.from({ length: 10 }, (_, n) => cards.ask(`https://go.dev/${n}`)));
  for (let n = 1; n <= 10; n++) {
    await waitFor(() => expect(answers.length).toBeGreaterThanOrEqual(n));
    expect(asked.length).toBeLessThanOrEqual(n + 3);
    answers[n - 1]?.();
  }
  expect((await all).map((card) => card?.url)).toEqual(
    Array.from({ length: 10 }, (_, n) => `https://go.dev/${n}`),
  );
});
