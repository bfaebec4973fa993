import { IDBFactory } from "fake-indexeddb";
import { expect, test } from "vitest";
import { Database, type KeptDraft } from "../src/keep";

function database(indexedDB: IDBFactory, most = 1000): Database {
  return new Database({ indexedDB, most });
}

const draft = (queue: string, nonce: string, channelId = "a"): KeptDraft => ({
  queue,
  nonce,
  channelId,
  frame: { type: "publish", channelId, nonce, text: nonce },
});

test("drafts are given back in the order of adding, those of their queue alone", async () => {
  const factory = new IDBFactory();
  const [one, other] = [database(factory), database(factory)];
  await Promise.all([
    one.add(draft("ada", "1")),
    one.add(draft("ada", "2", "b")),
    other.add(draft("bob", "3")),
    other.add(draft("ada", "4")),
    one.add(draft("ada", "5")),
  ]);
  const rows = await database(factory).all("ada");
  expect(rows.map((d) => d.nonce).sort()).toEqual(["1", "2", "4", "5"]);
  expect(rows.filter((d) => d.nonce !== "4").map((d) => d.nonce)).toEqual(["1", "2", "5"]);
  expect(rows.find((d) => d.nonce === "2")).toEqual(draft("ada", "2", "b"));
  expect((await one.all("bob")).map((d) => d.nonce)).toEqual(["3"]);
});

test("what is removed is gone, whatever was there; what is added twice is there once", async () => {
  const keep = database(new IDBFactory());
  await keep.add(draft("ada", "1"));
  await keep.add(draft("ada", "2"));
  await keep.add(draft("ada", "1"));
  expect((await keep.all("ada")).map((d) => d.nonce)).toEqual(["1", "2"]);
  await keep.remove(draft("ada", "1"));
  await keep.remove(draft("ada", "1"));
  await keep.remove(draft("bob", "2"));
  expect((await keep.all("ada")).map((d) => d.nonce)).toEqual(["2"]);
});

test("a queue takes so many drafts, of all tabs together", async () => {
  const factory = new IDBFactory();
  const [one, other] = [database(factory, 2), database(factory, 2)];
  await one.add(draft("ada", "1"));
  await other.add(draft("ada", "2"));
  await expect(one.add(draft("ada", "3"))).rejects.toMatchObject({ code: "queue_full" });
  await one.add(draft("bob", "4"));
  await one.remove(draft("ada", "1"));
  await other.add(draft("ada", "5"));
  expect((await one.all("ada")).map((d) => d.nonce)).toEqual(["2", "5"]);
});

test("a database that is closed under us is opened again", async () => {
  const factory = new IDBFactory();
  const keep = database(factory);
  await keep.add(draft("ada", "1"));
  await new Promise((resolve, reject) => {
    const request = factory.deleteDatabase("parley"); // which closes it, as clearing the data does
    request.onsuccess = resolve;
    request.onerror = reject;
  });
  await keep.add(draft("ada", "2"));
  expect((await keep.all("ada")).map((d) => d.nonce)).toEqual(["2"]);
});
