import type { Client } from "../index";

/**
 * The clients of the conversations that this page has open. A file is uploaded
 * to a conversation by its name alone; this is how its server and credentials
 * are known.
 */
const open = new Map<string, Client[]>();

/** Until the function that it returns is called. */
export function opened(conversationId: string, client: Client): () => void {
  open.set(conversationId, [...(open.get(conversationId) ?? []), client]);
  return () => {
    const left = [...(open.get(conversationId) ?? [])];
    const at = left.lastIndexOf(client);
    if (at >= 0) left.splice(at, 1);
    if (left.length > 0) open.set(conversationId, left);
    else open.delete(conversationId);
  };
}

/** The one that was opened last. */
export function clientOf(conversationId: string): Client | undefined {
  return open.get(conversationId)?.at(-1);
}
