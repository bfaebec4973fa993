import type { Frame } from "./frame";
import type { Keep } from "./keep";
import type { Socket } from "./link";
import type { Transport } from "./way";

export interface ClientOptions {
  /** The server: http, https, ws or wss. Default: the page's origin, elsewhere http://127.0.0.1:8080. */
  url?: string;
  /** A token, or a publishable key (`pk_…`). */
  token?: string;
  /** A publishable key, in place of a token: it names the project, and its holder is a guest. */
  apiKey?: string;
  /** The project that the key belongs to. The key says it as well; the server asks for no more. */
  projectId?: string;
  /** Asked for a token before each connection and before one expires; `fresh`: the last one was refused. */
  getToken?: (fresh: boolean) => Promise<string> | string;
  /** Believed by a server with `--dev` alone. */
  userId?: string;
  userName?: string;
  /**
   * Events are told of in the order of the log. Default true; false: as they come, once. It makes a
   * difference where one is missing, which comes a moment later then, behind its successors.
   */
  ordering?: boolean;
  /** Connect again by oneself when a connection breaks. Default true. */
  reconnect?: boolean;
  /** Pauses before attempts: at random up to `base · 2ⁿ`, at most `cap` milliseconds. Default 500 and 30,000. */
  backoff?: { base?: number; cap?: number };
  /** How many messages may wait for a connection, in all of a user's tabs together. Default 1000. */
  maxQueue?: number;
  /**
   * What waits outlives the page: in the browser's database, or a keep of one's own. Default true where
   * there is IndexedDB and a user to whom it belongs, by `token`, `getToken` or `userId`. Who connects
   * with `getToken` and may begin without a connection names the `userId` too: else what is sent is not
   * kept before the server, or the token, has said whose it is.
   */
  keep?: boolean | Keep;
  /**
   * Messages of a channel that are sent at about the same time go in one frame: at most `most` (up to
   * 100), or those of `within` milliseconds. true: 10, and 100 ms. Default false.
   */
  batch?: boolean | { most: number; within: number };
  /** Messages a second that this client sends; more fail with `rate_limited`. Default 5, in bursts of 10; 0: no limit. */
  rate?: number;
  /** The server has so many milliseconds to let the client in. Default 10,000. */
  connectWithin?: number;
  /** A connection that is silent for so many milliseconds is asked, and has half as long to answer. Default 20,000. */
  pingEvery?: number;
  /** Which way to the server. Default `auto`: by WebSocket, and by polling where none gets through. */
  transport?: Transport;
  /** While polling because no WebSocket got through, one is tried so often, in milliseconds. Default 60,000. */
  retrySocket?: number;
  /** Opens a WebSocket, where there is none in the language or another is wanted. */
  openSocket?: (url: string, protocol: string) => Socket;
  /** For looking on: told of each frame; true: what happens is written to `console.debug`. */
  debug?: boolean | ((direction: "sent" | "received", frame: Frame) => void);
}
