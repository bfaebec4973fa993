import fc from "fast-check";
import { expect, test } from "vitest";
import { Cursors } from "../src/cursors";
import { Statuses } from "../src/status";
import type { Message, SendStatus } from "../src/types";

const order: SendStatus[] = ["sending", "sent", "delivered", "read"];

const step = fc.oneof(
  fc.record({ kind: fc.constant("send" as const), channel: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant("elsewhere" as const), channel: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant("store" as const), n: fc.nat({ max: 9 }), log: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("ack" as const, "page" as const), n: fc.nat({ max: 9 }) }),
  fc.record({
    kind: fc.constantFrom("delivered" as const, "read" as const),
    channel: fc.nat({ max: 1 }),
    user: fc.constantFrom("me", "bob", "carol"),
    seq: fc.nat({ max: 12 }),
  }),
);

// Acks, the log and what others have read come in any order between each other.
// Of each message it is told in order, each status once, and in the end as far
// as one of the others has come.
test("a message is told of as sending, sent, delivered and read, in this order, and as far as somebody has come", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const told = new Map<string, SendStatus[]>();
      const reach = [0, 1].map(() => ({ delivered: 0, read: 0 }));
      const cursors = new Cursors({
        self: () => "me",
        ask: () => Promise.reject(new Error("nothing is asked here")),
        changed: (channelId) => statuses.moved(channelId),
      });
      const statuses = new Statuses({
        reach: (channelId) => cursors.others(channelId),
        told: ({ nonce, status }) => told.set(nonce, [...(told.get(nonce) ?? []), status]),
      });
      for (const c of ["0", "1"]) cursors.begin(c, 0, 0, { delivered: 0, read: 0, unread: 0 });
      const heads = [0, 0];
      const sending: { channel: number; nonce: string; own: boolean }[] = [];
      const stored: { message: Message; own: boolean; acked: boolean; at?: SendStatus }[] = [];
      const far = ({ channelId, seq }: Message): SendStatus => {
        const r = reach[Number(channelId)] ?? { delivered: 0, read: 0 };
        return seq <= r.read ? "read" : seq <= r.delivered ? "delivered" : "sent";
      };
      let nonces = 0;
      for (const s of steps) {
        switch (s.kind) {
          case "send":
          case "elsewhere": {
            const nonce = `n${nonces++}`;
            const own = s.kind === "send";
            sending.push({ channel: s.channel, nonce, own });
            if (own) statuses.began(String(s.channel), nonce, {});
            break;
          }
          case "store": {
            const next = sending.splice(s.n % Math.max(1, sending.length), 1)[0];
            if (!next) break;
            const seq = (heads[next.channel] ?? 0) + 1;
            heads[next.channel] = seq;
            const message = {
              channelId: String(next.channel),
              nonce: next.nonce,
              seq,
              senderId: "me",
            } as Message;
            stored.push({ message, own: next.own, acked: !next.own, at: far(message) });
            if (s.log || !next.own) statuses.seen(message);
            break;
          }
          case "page": {
            const one = stored[s.n % Math.max(1, stored.length)];
            if (one) statuses.seen(one.message);
            break;
          }
          case "ack": {
            const open = stored.filter((m) => !m.acked);
            const one = open[s.n % Math.max(1, open.length)];
            if (!one) break;
            one.acked = true;
            statuses.sent(one.message.channelId, one.message.nonce ?? "", one.message);
            statuses.seen(one.message);
            break;
          }
          default: {
            // Nobody has more than there is.
            const seq = Math.min(s.seq, heads[s.channel] ?? 0);
            cursors.moved(String(s.channel), [{ userId: s.user, [s.kind]: seq }]);
            const r = reach[s.channel];
            if (s.user === "me" || !r) break;
            r.delivered = Math.max(r.delivered, seq);
            if (s.kind === "read") r.read = Math.max(r.read, seq);
          }
        }
      }
      for (const list of told.values()) {
        const places = list.map((status) => order.indexOf(status));
        expect(places).toEqual([...new Set(places)].sort());
      }
      for (const { message, own, acked, at } of stored) {
        const list = told.get(message.nonce ?? "") ?? [];
        if (own && !acked) expect(list).toEqual(["sending"]);
        else if (own) expect(list.at(-1)).toBe(far(message));
        // Of another device's it is told what became of it since it was seen.
        else expect(list.at(-1)).toBe(far(message) === at ? undefined : far(message));
        if (own && acked) expect(list.slice(0, 2)).toEqual(["sending", "sent"]);
      }
    }),
    { numRuns: 500 },
  );
});

test("of the youngest thousand it is told, of more it is not: what is remembered has a bound", () => {
  const told: SendStatus[] = [];
  const statuses = new Statuses({
    reach: () => ({ delivered: 0, read: reads }),
    told: ({ status }) => told.push(status),
  });
  let reads = 0;
  for (let seq = 1; seq <= 1500; seq++)
    statuses.seen({ channelId: "c", nonce: `${seq}`, seq, senderId: "me" } as Message);
  reads = 5000;
  statuses.moved("c");
  expect(told).toEqual(Array(1000).fill("read"));
  expect(statuses.waits("c")).toBe(false);
});

test("a channel that is not followed has no statuses after sent, and keeps nothing", () => {
  const told: SendStatus[] = [];
  const statuses = new Statuses({ reach: () => undefined, told: ({ status }) => told.push(status) });
  statuses.began("c", "n", {});
  statuses.sent("c", "n", { channelId: "c", nonce: "n", seq: 1 } as Message);
  expect(told).toEqual(["sending", "sent"]);
  expect(statuses.waits("c")).toBe(false);
});

test("what another tab sent and this one was given is not told of as sending, when its draft is heard of late", () => {
  const told: string[] = [];
  const statuses = new Statuses({
    reach: () => undefined,
    told: ({ nonce, status }) => told.push(`${nonce} ${status}`),
  });
  const message = { channelId: "c", nonce: "one", seq: 1, senderId: "me" } as Message;
  statuses.seen(message);
  statuses.began("c", "one", { text: "x" });
  statuses.sent("c", "one", message);
  statuses.began("d", "one", { text: "in another channel it is another" });
  expect(told).toEqual(["one sending"]);
});
