// A device: measures, keeps what it measured on disk, and posts it in batches
// whenever there is a network.
//
//   node devices/report.mjs --device kitchen [--url http://127.0.0.1:8080] [--every 1000] [--count 60] [--folder DIR]
//
// PARLEY_TOKEN is sent as the token, where the server wants one.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Outbox } from "./outbox.mjs";

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "thermometer" },
    url: { type: "string", default: "http://127.0.0.1:8080" },
    every: { type: "string", default: "1000" },
    count: { type: "string", default: "Infinity" },
    folder: { type: "string" },
  },
});
const token = process.env.PARLEY_TOKEN;
const outbox = new Outbox(values.folder ?? join(tmpdir(), `parley-device-${values.device}`));
let measuring = true;

/** Measures; a line is printed once the reading is safe. */
async function measure() {
  let celsius = 20 + Math.random() * 3;
  for (let left = Number(values.count); left > 0; left--) {
    celsius += (Math.random() - 0.5) * 0.4;
    const reading = {
      celsius: Number(celsius.toFixed(2)),
      at: new Date().toISOString(),
      id: crypto.randomUUID(),
    };
    outbox.add(reading);
    console.log(JSON.stringify(reading));
    await pause(Number(values.every));
  }
  measuring = false;
}

/** Posts one batch after the other, the oldest first. */
async function deliver() {
  for (let failures = 0; ; ) {
    outbox.close();
    const batch = outbox.oldest();
    if (!batch) {
      if (!measuring) return;
      await pause(Math.min(1000, Number(values.every)));
    } else if (await post(batch)) {
      outbox.remove(batch.key);
      failures = 0;
    } else {
      await pause(Math.random() * Math.min(30_000, 250 * 2 ** failures++));
    }
  }
}

/**
 * Posts a batch; false: it has to be posted again.
 * @param {{ key: string, readings: unknown[] }} batch
 */
async function post({ key, readings }) {
  if (readings.length === 0) return true;
  const query = new URLSearchParams({ userId: values.device });
  const answer = await fetch(`${values.url}/v1/channels/devices/messages/batch?${query}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "Idempotency-Key": key,
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ messages: readings.map((body) => ({ body })) }),
    signal: AbortSignal.timeout(20_000),
  }).catch(() => undefined);
  const told = await answer?.json().catch(() => undefined);
  if (!answer || !told) return false; // no network, or half an answer
  if (!answer.ok) {
    if (told.retry) return false;
    throw new Error(`${told.code}: ${told.detail}`); // such as a wrong token; the readings stay on disk
  }
  /** @type {{ code: string, detail: string, retry: boolean }[]} */
  const refused = told.results.flatMap((/** @type {{ error?: unknown }} */ result) => result.error ?? []);
  for (const error of refused) if (!error.retry) console.error(`refused: ${error.code}: ${error.detail}`);
  return !refused.some((error) => error.retry);
}

await Promise.all([measure(), deliver()]);
