import { Store } from "./store";

/** Where a socket stands. After `error` an attempt may follow, or the attempts are used up. */
export type ConnectionStatus = "connecting" | "connected" | "disconnected" | "error";

export interface SocketListener {
  /** How often it is tried again, in a row. */
  reconnectAttempts: number;
  /** Milliseconds before each attempt. */
  reconnectInterval: number;
  onMessage(data: unknown): void;
  onOpen(): void;
  onClose(): void;
  onError(event: Event): void;
}

/** A WebSocket of JSON messages that is opened again when it breaks, until it is told not to. */
export class RawSocket extends Store {
  #status: ConnectionStatus = "connecting";
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  readonly #url: string;
  readonly #listener: () => SocketListener;

  /** `listener` is asked anew each time, so that it is never an old one. */
  constructor(url: string, listener: () => SocketListener) {
    super();
    this.#url = url;
    this.#listener = listener;
  }

  readonly snapshot = (): ConnectionStatus => this.#status;

  /** Sends a value as JSON; false: there is no connection, and it is not sent. */
  readonly send = (data: unknown): boolean => {
    if (this.#socket?.readyState !== 1) return false; // WebSocket.OPEN
    this.#socket.send(JSON.stringify(data));
    return true;
  };

  /** Ends the connection, and opens no other before it is asked to. */
  readonly disconnect = (): void => {
    const open = this.#socket !== undefined;
    this.#drop();
    this.#turn("disconnected");
    if (open) this.#listener().onClose();
  };

  /** Opens a new connection now, in place of the one there is. */
  readonly reconnect = (): void => {
    this.#attempts = 0;
    this.#drop();
    this.#open();
  };

  protected start(): void {
    this.#attempts = 0;
    this.#open();
  }

  protected stop(): void {
    this.#drop();
    this.#status = "connecting"; // as whoever comes next begins
  }

  #open(): void {
    this.#turn("connecting");
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url);
    } catch (error) {
      console.error(`useWebSocket: ${this.#url} cannot be opened`, error); // such a URL never can
      this.#turn("error");
      return;
    }
    this.#socket = socket;
    const current = () => this.#socket === socket;
    socket.onopen = () => {
      if (!current()) return;
      this.#attempts = 0;
      this.#turn("connected");
      this.#listener().onOpen();
    };
    socket.onmessage = ({ data }) => {
      if (current()) this.#told(data);
    };
    socket.onerror = (event) => {
      if (!current()) return;
      this.#turn("error");
      this.#listener().onError(event);
    };
    socket.onclose = () => {
      if (current()) this.#broke();
    };
  }

  #told(data: unknown): void {
    let value: unknown;
    try {
      value = JSON.parse(String(data));
    } catch {
      console.error("useWebSocket: a message that is not JSON was passed over");
      return;
    }
    this.#listener().onMessage(value);
  }

  #broke(): void {
    this.#socket = undefined;
    if (this.#status !== "error") this.#turn("disconnected");
    const { onClose, reconnectAttempts, reconnectInterval } = this.#listener();
    onClose();
    if (this.#socket || this.#attempts >= reconnectAttempts) return; // onClose may have asked for another
    this.#attempts++;
    this.#timer = setTimeout(() => this.#open(), reconnectInterval);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #turn(status: ConnectionStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.changed();
  }
}
