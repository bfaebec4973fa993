export interface SocketPort {
  readonly userId: string;
  readonly url: string;
  state(): WebSocket["readyState"];
  /** Takes what was sent. */
  take(data: string): void;
  close(): void;
}

/**
 * A conversation as a WebSocket to its door would show it, for what was written
 * for one. It has no connection of its own: what is sent goes to the client, and
 * what the client is told comes as `message` events, each a frame of the door's.
 * It reconnects: `open` comes each time, `close` at the end.
 */
export class ConversationSocket extends EventTarget implements WebSocket {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly extensions = "";
  readonly protocol = "";
  readonly bufferedAmount = 0;
  binaryType: BinaryType = "blob";
  onopen: ((this: WebSocket, event: Event) => void) | null = null;
  onmessage: ((this: WebSocket, event: MessageEvent) => void) | null = null;
  onclose: ((this: WebSocket, event: CloseEvent) => void) | null = null;
  onerror: ((this: WebSocket, event: Event) => void) | null = null;

  readonly #port: SocketPort;

  constructor(port: SocketPort) {
    super();
    this.#port = port;
  }

  /** Whose page this is. */
  get userId(): string {
    return this.#port.userId;
  }

  get url(): string {
    return this.#port.url;
  }

  /** 1 while there is a connection, 0 while there is none, 3 once it is closed. */
  get readyState(): WebSocket["readyState"] {
    return this.#port.state();
  }

  /** Takes `typing_start`, `typing_stop`, `read_receipt` and `message`; what is refused is told by an `error` frame. */
  send(data: Parameters<WebSocket["send"]>[0]): void {
    if (typeof data === "string") this.#port.take(data);
    else this.tell({ type: "error", code: "malformed", message: "a frame is text" });
  }

  /** Closes the client. */
  close(): void {
    this.#port.close();
  }

  /** Tells of a frame. */
  tell(frame: object): void {
    const event = new MessageEvent("message", { data: JSON.stringify(frame) });
    this.onmessage?.(event);
    this.dispatchEvent(event);
  }

  opened(): void {
    const event = new Event("open");
    this.onopen?.(event);
    this.dispatchEvent(event);
  }

  closed(): void {
    const event = closeEvent();
    this.onclose?.(event);
    this.dispatchEvent(event);
  }
}

/** Node had no CloseEvent before 23. */
function closeEvent(): CloseEvent {
  if (typeof CloseEvent === "function") return new CloseEvent("close", { code: 1000, wasClean: true });
  return Object.assign(new Event("close"), { code: 1000, reason: "", wasClean: true });
}
