import { useInsertionEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { type ConnectionStatus, RawSocket } from "./raw-socket";

/** `Message` is what the application says comes; that it does is not checked. */
export interface WebSocketOptions<Message = Record<string, unknown>> {
  url: string;
  /** Told of each message, as the value that its JSON says. */
  onMessage?: (data: Message) => void;
  onOpen?: () => void;
  /** Told when a connection ended or could not be had, also by `disconnect`. */
  onClose?: () => void;
  onError?: (error: Event) => void;
  /** How often it is tried again, in a row. Default 5. */
  reconnectAttempts?: number;
  /** Milliseconds before each attempt. Default 3000. */
  reconnectInterval?: number;
}

export interface WebSocketHandle {
  readonly isConnected: boolean;
  readonly connectionStatus: ConnectionStatus;
  /** Sends a value as JSON; false: there is no connection, and it is not sent. */
  readonly send: (data: unknown) => boolean;
  /** Ends the connection. No other is opened before `reconnect`. */
  readonly disconnect: () => void;
  /** Opens a new connection now, in place of the one there is. */
  readonly reconnect: () => void;
}

/**
 * A WebSocket of JSON messages for as long as the component is there. The
 * callbacks may be others at each render: the last ones are called, and the
 * connection stays. Another `url` is another connection.
 */
export function useWebSocket<Message = Record<string, unknown>>(
  options: WebSocketOptions<Message>,
): WebSocketHandle {
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  const { url } = options;
  const socket = useMemo(
    () =>
      new RawSocket(url, () => {
        const {
          onMessage,
          onOpen,
          onClose,
          onError,
          reconnectAttempts = 5,
          reconnectInterval = 3000,
        } = latest.current;
        return {
          reconnectAttempts,
          reconnectInterval,
          onMessage: (data) => onMessage?.(data as Message),
          onOpen: () => onOpen?.(),
          onClose: () => onClose?.(),
          onError: (event) => onError?.(event),
        };
      }),
    [url],
  );
  const status = useSyncExternalStore<ConnectionStatus>(
    socket.subscribe,
    socket.snapshot,
    () => "connecting",
  );
  const { send, disconnect, reconnect } = socket;
  return useMemo(
    () => ({ isConnected: status === "connected", connectionStatus: status, send, disconnect, reconnect }),
    [status, send, disconnect, reconnect],
  );
}
