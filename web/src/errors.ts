import { type ErrorCode, ParleyError } from "@parley/client";

/** The code of whatever was thrown. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof ParleyError ? error.code : "internal";
}
