import type { Requests } from "./requests";
import type { Call, Json } from "./types";

/** Calls of the user's: what this device asks for. */
export class Calls {
  readonly #requests: Requests;
  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async start(userId: string, options: { channelId?: string; data?: Json }): Promise<Call> {
    return (await this.#requests.ask({ type: "call", userId, ...options }, false)) as unknown as Call;
  }

  async answer(callId: string, how: "accept" | "decline" | "busy" | "end"): Promise<Call> {
    return (await this.#requests.ask({ type: `call.${how}`, callId }, false)) as unknown as Call;
  }
}
