import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPosition, parsePosition } from "../src/frame";
import { Place } from "../src/place";

// A connection tells a run of the log from a place on, and may break off
// anywhere; events may be lost or come again. Whatever happens, what is let
// through is the log from the beginning on, each event once and in order.
test("a place lets each event through once and in order", () => {
  const faults = fc.record({
    lost: fc.nat({ max: 30 }),
    again: fc.nat({ max: 30 }),
    end: fc.nat({ max: 30 }),
    back: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(faults, { minLength: 1, maxLength: 20 }), (connections) => {
      const place = new Place({ epoch: "e", seq: 0 });
      const shown: number[] = [];
      for (const c of connections) {
        const from = Math.max(0, (parsePosition(place.position ?? "e:0")?.seq ?? 0) - c.back);
        place.begin({ epoch: "e", seq: from });
        for (let seq = from + 1; seq <= from + c.end; seq++) {
          if (seq === from + c.lost) continue;
          const times = seq === from + c.again ? 2 : 1;
          for (let n = 0; n < times; n++) if (place.take(seq) === "next") shown.push(seq);
        }
      }
      expect(shown).toEqual(shown.map((_, i) => i + 1));
      expect(place.seq).toBe(shown.length);
    }),
  );
});

test("a place says where something is missing, and goes on once it has come", () => {
  const place = new Place();
  place.begin({ epoch: "e", seq: 7 });
  expect([8, 10, 9, 9, 10].map((seq) => place.take(seq))).toEqual(["next", "gap", "next", "old", "next"]);
});

test("another epoch is another log", () => {
  const place = new Place({ epoch: "a", seq: 40 });
  place.begin({ epoch: "b", seq: 3 });
  expect(place.take(4)).toBe("next");
  expect(place.position).toBe("b:4");
});

test("positions are read as they are written", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat(), (epoch, seq) => {
      expect(parsePosition(formatPosition({ epoch, seq }))).toEqual({ epoch, seq });
    }),
  );
  for (const wrong of ["", "e", "e:", ":1", "e:-1", "e:1.5", "e:x"])
    expect(parsePosition(wrong)).toBeUndefined();
});
