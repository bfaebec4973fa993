import type { Client, LogEvent, Message } from "@parley/client";
import { MessageList, type MessageSource, type SourcePage } from "@parley/client/messages";

/**
 * A client as a list of one thread sees it: the thread's first message, and the
 * replies to it. Every other event keeps its place in the log and says nothing,
 * so that a hole is seen as one.
 */
export function threadSource(client: Client, channelId: string, rootId: string): MessageSource {
  const isIn = (m: { id?: string; parentId?: string | undefined }) =>
    m.id === rootId || m.parentId === rootId;
  const seen = (event: LogEvent): LogEvent =>
    event.type !== "message" || isIn(event)
      ? event
      : { type: "state", channelId: event.channelId, seq: event.seq, key: "", at: event.createdAt };
  return {
    get userId() {
      return client.userId;
    },
    statusOf: (message) => client.statusOf(message),
    on(name, listener) {
      if (name === "event") {
        const heard = listener as (event: LogEvent) => void;
        return client.on("event", (event) => heard(seen(event)));
      }
      if (name === "status") {
        const heard = listener as Parameters<typeof client.on<"status">>[1];
        return client.on("status", (status) => {
          const told = status.draft ?? status.message;
          if (told === undefined || isIn(told)) heard(status);
        });
      }
      return client.on(name, listener);
    },
    async getHistory(_channel, page): Promise<SourcePage> {
      const { messages, head, more } = await client.getHistory(channelId, { ...page, threadId: rootId });
      const atTop = page.after === undefined && !more;
      return {
        messages: atTop ? [await client.getMessage(channelId, rootId), ...messages] : messages,
        head,
        more,
      };
    },
    getMessage: (_channel, id): Promise<Message> => client.getMessage(channelId, id),
    getEventsSince: async (_channel, since) => (await client.getEventsSince(channelId, since)).map(seen),
    sendMessage: (_channel, draft) => client.sendMessage(channelId, { ...draft, parentId: rootId }),
    waiting: () => client.waiting(channelId).filter(({ draft }) => draft.parentId === rootId),
  };
}

/** The thread of a message: that message first, then the replies. */
export function threadList(client: Client, channelId: string, rootId: string): MessageList {
  return new MessageList(threadSource(client, channelId, rootId), channelId, { limit: 100, every: 16 });
}
