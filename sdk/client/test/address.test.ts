import { expect, test } from "vitest";
import { Address } from "../src/address";
import { Rate } from "../src/rate";

test("an address names the WebSocket, the polls beside it, and the REST side", () => {
  const doors = (url?: string) => {
    const a = new Address(url);
    return [a.socket, a.poll, a.rest("/v1/x", { a: "b c", n: undefined, m: 1 })];
  };
  expect(doors("https://chat.example.org")).toEqual([
    "wss://chat.example.org/v1/ws",
    "https://chat.example.org/v1/poll",
    "https://chat.example.org/v1/x?a=b%20c&m=1",
  ]);
  expect(doors("ws://[::1]:8080/")).toEqual([
    "ws://[::1]:8080/v1/ws",
    "http://[::1]:8080/v1/poll",
    "http://[::1]:8080/v1/x?a=b%20c&m=1",
  ]);
  expect(doors("http://host/parley/v1/ws?a=1").slice(0, 2)).toEqual([
    "ws://host/parley/v1/ws?a=1",
    "http://host/parley/v1/poll?a=1",
  ]);
  expect(doors()[0]).toBe("ws://127.0.0.1:8080/v1/ws");
});

test("what is no address is refused at once", () => {
  for (const wrong of ["", "localhost:8080", "ftp://host", "http://"])
    expect(() => new Address(wrong)).toThrow(expect.objectContaining({ code: "invalid" }));
});

test("a rate lets twice as many through after a rest, then so many a second, and says when there is room", () => {
  let now = 0;
  const rate = new Rate(5, () => now);
  for (let i = 0; i < 10; i++) rate.take();
  const refused = () => {
    try {
      rate.take();
    } catch (error) {
      return (error as { retryAfter?: number }).retryAfter;
    }
    return undefined;
  };
  expect(refused()).toBe(200);
  now += 150;
  expect(refused()).toBe(50);
  now += 50;
  expect(refused()).toBeUndefined();
  expect(refused()).toBe(200);
  now -= 10_000; // the clock was set back
  expect(refused()).toBe(200);
  now += 60_000;
  for (let i = 0; i < 10; i++) rate.take();
  expect(refused()).toBe(200);
  const none = new Rate(0, () => now);
  for (let i = 0; i < 1000; i++) none.take();
});
