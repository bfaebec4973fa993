import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Asking } from "../src/console/asking";
import { Rest } from "../src/console/rest";
import { Sessions } from "../src/console/sessions";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const session = { id: "S1", userId: "cy", since: "2026-11-22T10:00:00.000Z", queueBytes: 0 };

/** A server with one session, which answers when it is told to. */
function slow(): { asked: string[]; answer: () => void } {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, request) => {
    asked.push(`${request?.method} ${url}`);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return request?.method === "DELETE"
      ? new Response(null, { status: 204 })
      : Response.json({ sessions: [session] });
  });
  return { asked, answer: () => waiting.splice(0).map((resolve) => resolve()) };
}

test("what is asked before a session ends stays while the list is made anew", async () => {
  const { asked, answer } = slow();
  render(
    <Asking rest={new Rest("sk_k1_key", vi.fn())}>
      <Sessions />
    </Asking>,
  );
  answer();
  const end = await screen.findByRole("button", { name: /^Disconnect cy/ });
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "cy" } });
  fireEvent.click(end); // before the typing was taken for a pause
  await waitFor(() => expect(asked.at(-1)).toMatch(/userId=cy/));
  expect(screen.queryByRole("table")).toBeNull();
  const confirm = screen.getByRole("button", { name: "Disconnect", hidden: true });
  answer();
  await screen.findByRole("table");
  fireEvent.click(confirm);
  await waitFor(() => expect(asked.at(-1)).toBe("DELETE /v1/sessions/S1"));
  answer();
  await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
});
