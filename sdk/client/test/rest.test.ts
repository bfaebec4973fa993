import { once } from "node:events";
import { createServer, type Server as Listener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { abortedBy } from "../src/abort";
import { Address } from "../src/address";
import { ParleyError } from "../src/error";
import { Identity } from "../src/identity";
import { Rest } from "../src/rest";

/** What stands between a client and its server, and answers by itself. */
let proxy: Listener;
let answers: [number, string][] = [];
const tokens: (string | undefined)[] = [];
let asked: { line: string; match: string | undefined; type: string | undefined; body: string };

beforeAll(async () => {
  proxy = createServer(async (request, response) => {
    tokens.push(request.headers.authorization);
    let body = "";
    for await (const piece of request) body += piece;
    const { "if-match": match, "content-type": type } = request.headers;
    asked = { line: `${request.method} ${request.url}`, match, type, body };
    const [status, text] = answers.shift() ?? [500, ""];
    response.writeHead(status).end(text);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
beforeEach(() => {
  tokens.length = 0;
});
afterAll(() => proxy.close());

function rest(getToken?: (fresh: boolean) => string): Rest {
  const address = new Address(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  return new Rest(address, new Identity(getToken ? { getToken } : {}));
}

test("what a proxy answers in the server's place is an error with a code, and says whether to try again", async () => {
  const page = "<html><h1>Sorry</h1></html>";
  for (const [status, code, retry] of [
    [502, "unavailable", true],
    [413, "too_large", false],
    [429, "rate_limited", true],
    [404, "not_found", false],
    [418, "internal", false],
    [200, "malformed", false],
  ] as const) {
    answers = [[status, page]];
    const error = await rest()
      .get("/v1/x")
      .catch((e) => e);
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({ code, retry });
  }
});

test("the server's own problem is told as it is", async () => {
  answers = [
    [429, JSON.stringify({ code: "rate_limited", detail: "too fast", retry: true, retryAfter: 40 })],
  ];
  await expect(rest().get("/v1/x")).rejects.toMatchObject({
    code: "rate_limited",
    message: "too fast",
    retry: true,
    retryAfter: 40,
  });
});

test("a refused token is renewed once, and then the refusal is told", async () => {
  answers = [
    [401, JSON.stringify({ code: "token_expired", detail: "over" })],
    [200, '{"ok":true}'],
  ];
  let n = 0;
  const asker = rest((fresh) => `${fresh ? "fresh" : "old"} ${++n}`);
  expect(await asker.get("/v1/x")).toEqual({ ok: true });
  expect(tokens).toEqual(["Bearer old 1", "Bearer fresh 2"]);
  answers = [
    [401, JSON.stringify({ code: "token_revoked", detail: "never" })],
    [401, JSON.stringify({ code: "token_revoked", detail: "never" })],
  ];
  await expect(asker.get("/v1/x")).rejects.toMatchObject({ code: "token_revoked" });
  expect(tokens.slice(2)).toEqual(["Bearer fresh 2", "Bearer fresh 3"]);
});

test("a client that is closed asks nothing more", async () => {
  const asker = rest();
  asker.close(new ParleyError("closed", "gone"));
  await expect(asker.get("/v1/x")).rejects.toMatchObject({ code: "closed" });
  expect(tokens).toEqual([]);
});

test("a signal that follows others lets go of them", () => {
  const heard = new Set<unknown>();
  const followed = () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { addEventListener: add, removeEventListener: remove } = signal;
    signal.addEventListener = (type: string, listener: EventListener) => {
      heard.add(listener);
      add.call(signal, type, listener);
    };
    signal.removeEventListener = (type: string, listener: EventListener) => {
      heard.delete(listener);
      remove.call(signal, type, listener);
    };
    return controller;
  };
  const [a, b] = [followed(), followed()];
  const first = abortedBy([a.signal, undefined, b.signal]);
  expect(heard.size).toBe(2);
  b.abort("why");
  expect(first.signal.reason).toBe("why");
  expect(heard.size).toBe(0);
  const second = abortedBy([a.signal], 60_000);
  second.stop();
  expect(heard.size).toBe(0);
  a.abort();
  expect(second.signal.aborted).toBe(false);
  expect(abortedBy([a.signal]).signal.aborted).toBe(true);
  expect(heard.size).toBe(0);
});

test("any operation is asked with its query, its headers and its JSON, and with a fresh token where one is refused", async () => {
  answers = [
    [401, JSON.stringify({ code: "token_expired", detail: "over" })],
    [200, '{"ok":true}'],
  ];
  const answer = await rest((fresh) => (fresh ? "new" : "old")).request("PATCH", "/v1/x", {
    query: { a: "b c", none: undefined },
    headers: { "If-Match": '"7"' },
    body: { text: "é" },
  });
  expect(answer).toEqual({ ok: true });
  expect(tokens).toEqual(["Bearer old", "Bearer new"]);
  expect(asked).toEqual({
    line: "PATCH /v1/x?a=b%20c",
    match: '"7"',
    type: "application/json",
    body: '{"text":"é"}',
  });
});

test("an operation that answers nothing is kept with null, and sends no body where it has none", async () => {
  answers = [[204, ""]];
  await expect(rest().request("DELETE", "/v1/x")).resolves.toBeNull();
  expect(asked).toMatchObject({ line: "DELETE /v1/x", type: undefined, body: "" });
});
