import fc from "fast-check";
import { expect, test } from "vitest";
import { MessageOrdering } from "../src/conversations";

test("whatever the order in which they come, and however often, messages are given in order up to the first hole", () => {
  const sequences = fc.array(fc.nat(12), { maxLength: 40 });
  fc.assert(
    fc.property(sequences, fc.nat(3), (coming, first) => {
      const ordering = new MessageOrdering<{ sequence: number }>(first);
      const came = new Set<number>();
      for (const sequence of coming) {
        ordering.addMessage({ sequence });
        if (sequence >= first) came.add(sequence);
        let end = first;
        while (came.has(end)) end++;
        const later = [...came].filter((n) => n > end);
        expect(ordering.getMessages().map((m) => m.sequence)).toEqual(
          Array.from({ length: end - first }, (_, i) => first + i),
        );
        expect(ordering.hasMissingMessages()).toBe(later.length > 0);
        expect(ordering.requestMissingMessages()).toEqual(
          later.length > 0 ? { from: end, to: Math.min(...later) - 1 } : null,
        );
      }
    }),
  );
});

test("what is no longer kept is waited for no more", () => {
  const ordering = new MessageOrdering<{ sequence: number }>();
  for (const sequence of [5, 6, 9]) ordering.addMessage({ sequence });
  ordering.skipMissingMessages({ from: 7, to: 8 }); // not yet where it matters
  expect(ordering.getMessages()).toEqual([]);
  ordering.skipMissingMessages({ from: 0, to: 4 });
  expect(ordering.getMessages().map((m) => m.sequence)).toEqual([5, 6]);
  expect(ordering.requestMissingMessages()).toEqual({ from: 7, to: 8 });
  ordering.skipMissingMessages({ from: 0, to: 8 });
  expect(ordering.getMessages().map((m) => m.sequence)).toEqual([5, 6, 9]);
});
