import type { Frame } from "./frame";
import type { Socket } from "./link";
import type { Transport } from "./way";

export interface ClientOptions {
  /** The server: http, https, ws or wss. Default: the page's origin, elsewhere http://127.0.0.1:8080. */
  url?: string;
  /** A token, or a publishable key (`pk_…`). */
  token?: string;
  /** Asked for a token before each connection and before one expires; `fresh`: the last one was refused. */
  getToken?: (fresh: boolean) => Promise<string> | string;
  /** Believed by a server with `--dev` alone. */
  userId?: string;
  userName?: string;
  /** Connect again by oneself when a connection breaks. Default true. */
  reconnect?: boolean;
  /** Pauses before attempts: at random up to `base · 2ⁿ`, at most `cap` milliseconds. Default 500 and 30,000. */
  backoff?: { base?: number; cap?: number };
  /** How many messages may wait for a connection. Default 1000. */
  maxQueue?: number;
  /** Messages a second that this client sends; more fail with `rate_limited`. Default 5, in bursts of 10; 0: no limit. */
  rate?: number;
  /** Which way to the server. Default `auto`: by WebSocket, and by polling where none gets through. */
  transport?: Transport;
  /** While polling because no WebSocket got through, one is tried so often, in milliseconds. Default 60,000. */
  retrySocket?: number;
  /** Opens a WebSocket, where there is none in the language or another is wanted. */
  openSocket?: (url: string, protocol: string) => Socket;
  /** Told of each frame, for looking on. */
  debug?: (direction: "sent" | "received", frame: Frame) => void;
}
