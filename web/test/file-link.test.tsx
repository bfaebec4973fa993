import { type Client, type Message, ParleyError } from "@parley/client";
import { ParleyProvider } from "@parley/react";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Attachment } from "../src/files/attachment";
import { strings } from "../src/strings";

let now = 0;
beforeEach(() => {
  now = 1e12;
  vi.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** A client that is refused links with `error`, and how it comes back to its server. */
function world(error?: ParleyError) {
  const listeners = new Set<() => void>();
  const state = { error, asked: 0 };
  const client = {
    request: async () => {
      state.asked++;
      if (state.error) throw state.error;
      return { url: `/files/x?link=${state.asked}`, expiresAt: new Date(now + 600_000).toISOString() };
    },
    on: (_: string, listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as Client;
  const ready = () => act(async () => listeners.forEach((listener) => void listener()));
  return { state, client, ready };
}

function show(client: Client, body: { fileName: string; width?: number; height?: number }) {
  const message = { id: "m", body: { type: "file", url: "/files/q3VtZWxhbmdlcmVzaWQ", ...body } };
  return render(
    <ParleyProvider client={client}>
      <Attachment message={message as unknown as Message} />
    </ParleyProvider>,
  );
}

const image = { fileName: "cat.png", width: 40, height: 30 };
const away = new ParleyError("unavailable", "no answer", { retry: true });

test("an image is there as soon as the server is, and not said to be gone", async () => {
  const { state, client, ready } = world(away);
  const { container } = show(client, image);
  await waitFor(() => expect(state.asked).toBe(1));
  await ready();
  expect(state.asked).toBe(2);
  expect(screen.queryByText(strings.files.gone)).toBeNull();
  state.error = undefined;
  await ready();
  expect(container.querySelector("img")?.getAttribute("src")).toBe("/files/x?link=3");
});

test("a file that the server denies is gone", async () => {
  const { client } = world(new ParleyError("not_found", "there is no such file"));
  show(client, image);
  await screen.findByText(strings.files.gone);
});

test("a film plays on whenever a link has ended; one that cannot be played can be saved", async () => {
  const { client } = world();
  const play = vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
  vi.spyOn(HTMLMediaElement.prototype, "paused", "get").mockReturnValue(false);
  const { container } = show(client, { fileName: "film.mp4" });
  const source = () => container.querySelector("video")?.getAttribute("src");
  const fails = () => fireEvent.error(container.querySelector("video") as HTMLVideoElement);
  for (const n of [1, 2, 3]) {
    await waitFor(() => expect(source()).toBe(`/files/x?link=${n}`));
    now += 600_000;
    if (n < 3) fails();
  }
  fails();
  await waitFor(() => expect(source()).toBe("/files/x?link=4"));
  fireEvent.loadedMetadata(container.querySelector("video") as HTMLVideoElement);
  expect(play).toHaveBeenCalledTimes(1);
  fails();
  expect(source()).toBeUndefined();
  screen.getByRole("button", { name: strings.files.download("film.mp4") });
  expect(screen.queryByText(strings.files.gone)).toBeNull();
});

test("an image takes no more room than there is for one, whatever its message claims", async () => {
  const { client } = world();
  show(client, { fileName: "line.png", width: 1, height: 100_000 });
  const { width, aspectRatio } = screen.getByRole("button", { name: strings.files.open("line.png") }).style;
  expect(Number.parseFloat(width) / Number.parseFloat(aspectRatio)).toBeLessThanOrEqual(280);
});
