import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Asking } from "../src/console/asking";
import { Keys } from "../src/console/keys/keys";
import { Rest } from "../src/console/rest";

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const key = {
  id: "k1",
  project: "default",
  kind: "secret",
  prefix: "sk_k1_",
  state: "active",
  createdAt: "2026-11-22T10:00:00.000Z",
};
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A server whose only key takes its own place, without grace: from then on it refuses who asks with the old one. */
function replacing(): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, request) => {
    const at = `${request?.method} ${url}`;
    asked.push(at);
    if (at.endsWith("/rotate")) return json({ ...key, id: "k2", key: "sk_k2_the-new-one" });
    if (asked.some((before) => before.endsWith("/rotate"))) return json({ code: "token_revoked" }, 401);
    return json({ keys: [key] });
  });
  return asked;
}

test("who replaces their own key sees the new one before they are signed out", async () => {
  const asked = replacing();
  const refused = vi.fn();
  render(
    <Asking rest={new Rest("sk_k1_old", refused)}>
      <Keys />
    </Asking>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Rotate k1" }));
  fireEvent.click(screen.getByRole("button", { name: "Rotate", hidden: true }));
  await screen.findByText("sk_k2_the-new-one");
  expect(asked.at(-1)).toMatch(/rotate$/);
  expect(refused).not.toHaveBeenCalled();

  // What was hit or clicked by mistake takes nothing away.
  const dialog = screen.getByRole("dialog", { hidden: true });
  fireEvent.click(dialog);
  fireEvent(dialog, new Event("cancel", { cancelable: true }));
  expect(fireEvent.keyDown(document.body, { key: "Escape" })).toBe(false);
  expect(screen.getByText("sk_k2_the-new-one")).toBeTruthy();

  fireEvent.click(screen.getByRole("button", { name: "Close", hidden: true }));
  await waitFor(() => expect(refused).toHaveBeenCalledOnce());
});

test("a publishable key whose guests may nothing is not asked for: it would be made with the usual scopes", async () => {
  const asked: unknown[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, request) => {
    if (request?.method === "POST") asked.push(JSON.parse(String(request.body)));
    return json(request?.method === "POST" ? { ...key, key: "pk_k2" } : { keys: [key] });
  });
  render(
    <Asking rest={new Rest("sk_k1_old")}>
      <Keys />
    </Asking>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Make a key" }));
  fireEvent.click(screen.getByRole("radio", { name: /publishable/, hidden: true }));
  for (const box of screen.getAllByRole("checkbox", { hidden: true })) fireEvent.click(box);
  const make = screen.getByRole("button", { name: "Make", hidden: true });
  fireEvent.click(make);
  await screen.findByText(/must be allowed something/);
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("checkbox", { name: /chat:read/, hidden: true }));
  fireEvent.click(make);
  await waitFor(() => expect(asked).toEqual([{ kind: "publishable", name: "", scopes: ["chat:read"] }]));
});
