import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isLogged, parseFrame } from "../src/frame";

const folder = new URL("../../../wire/native/testdata/", import.meta.url);

// The transcripts say of each frame of the server's what it was made of: `+
// Event` before it, or something that has no place in the log.
test("what counts as an event of the log is what the server makes of one", () => {
  let events = 0;
  let others = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
    let made = "";
    for (const line of readFileSync(new URL(file, folder), "utf8").split("\n")) {
      if (line.startsWith("+ ")) made = line.split(" ", 2)[1] ?? "";
      if (line.startsWith("> ")) made = "";
      if (!line.startsWith("< ")) continue;
      const frame = parseFrame(line.slice(2));
      expect(frame, `${file}: ${line}`).toBeDefined();
      if (!frame) continue;
      const logged = made === "Event" || made === "Redelivered";
      expect(isLogged(frame), `${file}: ${line}`).toBe(logged);
      if (logged) events++;
      else others++;
    }
  }
  expect(events).toBeGreaterThan(20);
  expect(others).toBeGreaterThan(50);
});
