import { ParleyError } from "../error";
import type { Draft } from "../index";
import type { Json } from "../types";

/** The bytes of JSON that a body may have; the server counts the same. */
const most = 65_536;

/** What is sent of a message: a text, or any other JSON value. Refuses what the server would, without asking it. */
export function draftOf(message: Json): Pick<Draft, "text" | "body"> {
  let json: string | undefined;
  try {
    json = JSON.stringify(message);
  } catch {
    // it has a circle, or a bigint
  }
  if (json === undefined) throw new ParleyError("invalid", "the message is not a JSON value");
  if (message === "") throw new ParleyError("invalid", "the message is empty");
  const size = new TextEncoder().encode(json).length;
  if (size > most)
    throw new ParleyError("too_large", `the message has ${size} bytes, at most ${most} are taken`);
  return typeof message === "string" ? { text: message } : { body: message };
}
