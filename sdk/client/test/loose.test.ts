import fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { until } from "../../../e2e/server.mjs";
import type { Message, Socket } from "../src";
import { Place } from "../src/place";
import { World } from "./harness";

const world = new World();

/** Opens WebSockets that lose frames: those of which `lost` says so. */
function lossy(
  lost: (frame: { type: string; text?: string }) => boolean,
): (url: string, protocol: string) => Socket {
  return (url, protocol) => {
    const inner = new WebSocket(url, protocol);
    const socket: Socket = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: (data) => inner.send(data),
      close: (code) => inner.close(code),
    };
    inner.onopen = () => (socket.onopen as (() => void) | null)?.();
    inner.onclose = (e) => (socket.onclose as ((e: unknown) => void) | null)?.(e);
    inner.onerror = () => {};
    inner.onmessage = (e) => {
      if (!lost(JSON.parse(String(e.data)))) (socket.onmessage as ((e: unknown) => void) | null)?.(e);
    };
    return socket;
  };
}

for (const ordering of [true, false]) {
  test(`a switch: with ordering ${ordering} what is missing comes ${ordering ? "before" : "behind"} what follows, each once`, async () => {
    const missing = new Set(["2", "5"]);
    const ada = world.client("ada");
    const bob = world.client("bob", {
      ordering,
      openSocket: lossy((f) => f.type === "message" && missing.delete(f.text ?? "")),
    });
    const channel = `ordering ${ordering}`;
    const got: Message[] = [];
    bob.on("message", (m) => got.push(m));
    await bob.joinChannel(channel);
    for (let i = 0; i < 8; i++) {
      await ada.sendMessage(channel, `${i}`);
      if (i === 3 || i === 6) await until("what was missing", () => got.length === i + 1);
    }
    await until("all of them", () => got.length >= 8);
    const texts = got.map((m) => m.text);
    const all = ["0", "1", "2", "3", "4", "5", "6", "7"];
    expect(texts).toEqual(ordering ? all : ["0", "1", "3", "2", "4", "6", "5", "7"]);
  });
}

test("a loose place lets each event through once, in any order, and knows up to where it has all", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 200 }), (seqs) => {
      const place = new Place({ epoch: "e", seq: 0 }, true);
      const shown: number[] = [];
      for (const seq of seqs) {
        const verdict = place.take(seq);
        expect(verdict).not.toBe("gap");
        if (verdict !== "old") shown.push(seq);
        let upTo = 0;
        while (shown.includes(upTo + 1)) upTo++;
        expect(place.seq).toBe(upTo);
      }
      expect(shown).toEqual([...new Set(seqs)]);
    }),
  );
});

test("an order that is another log's is forgotten", () => {
  const place = new Place({ epoch: "a", seq: 1 }, true);
  expect([5, 2].map((seq) => place.take(seq))).toEqual(["early", "next"]);
  place.begin({ epoch: "b", seq: 4 });
  expect(place.take(5)).toBe("next");
});
