import type { Client, ClientOptions } from "../index";

export interface ConversationOptions extends Omit<ClientOptions, "userId"> {
  /** A client to share, in place of one of its own; `close` leaves it as it is. */
  client?: Client;
}
