import { ReadReceiptManager, TypingIndicator, watchVisibleMessages } from "@parley/client/conversations";
import { useContext, useEffect, useMemo } from "react";
import { ClientContext } from "./context";

export * from "@parley/client/conversations";

/** A `ConversationClient`'s `socket`, or a WebSocket to `/chat`. */
type ConversationWire = ConstructorParameters<typeof ReadReceiptManager>[0];

/** The user whose page this is: as given, as the socket knows it, or the provider's client. */
function useUser(ws: ConversationWire, userId: string | undefined): string {
  const client = useContext(ClientContext);
  return userId ?? ws.userId ?? client?.userId ?? "";
}

/** Tells a conversation that its user types: `handleTyping` at each key, `handleStopTyping` when the input is left. */
export function useTypingIndicator(
  conversationId: string,
  ws: ConversationWire,
  userId?: string,
): { handleTyping: () => void; handleStopTyping: () => void } {
  const user = useUser(ws, userId);
  const indicator = useMemo(() => new TypingIndicator(conversationId, user, ws), [conversationId, user, ws]);
  useEffect(() => () => indicator.stopTyping(), [indicator]);
  return useMemo(
    () => ({
      handleTyping: () => indicator.startTyping(),
      handleStopTyping: () => indicator.stopTyping(),
    }),
    [indicator],
  );
}

/**
 * Keeps how far the user's own messages have come, and marks as read every element
 * with `data-message-id` that comes into view.
 */
export function useReadReceipts(
  _conversationId: string,
  ws: ConversationWire,
  userId?: string,
): ReadReceiptManager {
  const user = useUser(ws, userId);
  const receipts = useMemo(() => new ReadReceiptManager(ws, user || undefined), [ws, user]);
  useEffect(() => watchVisibleMessages((id) => receipts.markMessageRead(id, user)), [receipts, user]);
  return receipts;
}
