import { Typist } from "../typist";
import { type FrameSocket, sendFrame } from "./frames";

/**
 * Tells a conversation that its user types. `ws` is a `ConversationClient`'s
 * `socket`, or a WebSocket to `/chat`; while it is not open, nothing is told.
 */
export class TypingIndicator {
  readonly #typist: Typist;

  constructor(conversationId: string, userId: string, ws: FrameSocket) {
    this.#typist = new Typist({
      tell: (typing) => {
        sendFrame(ws, { type: typing ? "typing_start" : "typing_stop", conversationId, userId });
      },
    });
  }

  /** For each key that is pressed: it is told once a second, and ends 3 s after the last. */
  startTyping(): void {
    this.#typist.start();
  }

  stopTyping(): void {
    this.#typist.stop();
  }
}
