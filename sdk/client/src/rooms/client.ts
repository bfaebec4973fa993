import type { Client } from "../index";
import { RoomController } from "./controller";
import { Room, type RoomsOptions } from "./room";

/** A connection to one room. The page's `RoomController.instance` is its, until another is made. */
export class RoomsClient {
  /** This room's own controller, for pages with several rooms. */
  readonly controller = new RoomController();
  readonly #session: Room;

  constructor(options: RoomsOptions = {}) {
    this.#session = new Room(options);
    this.controller.attach(this.#session);
    RoomController.instance.attach(this.#session);
  }

  /** The client that does it all, for what a room leaves out. */
  get core(): Client {
    return this.#session.core;
  }

  get room(): string {
    return this.#session.name;
  }

  get isConnected(): boolean {
    return this.#session.core.isConnected;
  }

  /** Who the server says that this is, since it first did. */
  get userId(): string | undefined {
    return this.#session.core.userId;
  }

  /** Ends the connection, for good. Listeners stay, for the next client. */
  disconnect(): void {
    this.#session.close();
    this.controller.detach(this.#session);
    RoomController.instance.detach(this.#session);
  }
}
