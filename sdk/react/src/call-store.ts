import type { Call, Client } from "@parley/client";
import { Store } from "./store";

/** The user's calls, while anybody looks at them. */
export class CallStore extends Store {
  readonly #live = new Map<string, Call>();
  #last: Call | undefined; // the last that ended, until it is dismissed
  #stops: (() => void)[] = [];
  readonly #client: Client;

  constructor(client: Client) {
    super();
    this.#client = client;
  }

  /** The one that was accepted, else the first that rings, else the last that ended. */
  readonly snapshot = (): Call | undefined => {
    const calls = [...this.#live.values()];
    return calls.find((c) => c.state === "accepted") ?? calls[0] ?? this.#last;
  };

  /** Takes what the server said of a call. */
  readonly put = (call: Call): void => {
    if (call.state === "ringing" || call.state === "accepted") {
      this.#live.set(call.callId, call);
    } else {
      this.#live.delete(call.callId);
      this.#last = call;
    }
    this.changed();
  };

  /** Shows the last call that ended no more. */
  readonly dismiss = (): void => {
    this.#last = undefined;
    this.changed();
  };

  protected start(): void {
    this.#stops = [this.#client.on("call.state", this.put), this.#client.on("ready", () => this.#look())];
  }

  /** What became of the calls while there was no connection? */
  #look(): void {
    for (const call of this.#live.values()) {
      this.#client.getCall(call.callId).then(
        (now) => this.#live.has(call.callId) && this.put(now),
        (error) => {
          if (error.code === "not_found" && this.#live.has(call.callId))
            this.put({ ...call, state: "ended" });
        },
      );
    }
  }

  protected stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#live.clear();
    this.#last = undefined;
  }
}
