// Posts the prices of a market, one after the other, until it is stopped.
//
//   node ticker/publish.mjs [--url http://127.0.0.1:8080] [--every 500] [--count 20]
//
// PARLEY_TOKEN is sent as the token, where the server wants one.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    every: { type: "string", default: "500" },
    count: { type: "string", default: "Infinity" },
  },
});
const token = process.env.PARLEY_TOKEN;

/**
 * Posts one price until the server has it. The key makes that harmless: an
 * answer that was lost does not make the price come twice.
 * @param {{ fruit: string, cents: number }} price
 */
async function post(price) {
  const request = {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Idempotency-Key": randomUUID(),
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ body: price }),
  };
  for (;;) {
    const answer = await fetch(`${values.url}/v1/channels/market/messages?userId=market`, request).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    const problem = await answer?.json();
    if (problem?.retry === false) throw new Error(`${problem.code}: ${problem.detail}`);
    await pause(problem?.retryAfter ?? 500 + Math.random() * 500);
  }
}

const cents = new Map([
  ["Apples", 240],
  ["Pears", 310],
  ["Plums", 420],
  ["Quinces", 365],
  ["Walnuts", 890],
]);

for (let left = Number(values.count); left > 0; left--) {
  const [fruit, last] = [...cents][Math.floor(Math.random() * cents.size)] ?? ["Apples", 240];
  const now = Math.max(50, Math.round(last * (0.97 + Math.random() * 0.06)));
  cents.set(fruit, now);
  await post({ fruit, cents: now });
  await pause(Number(values.every));
}
