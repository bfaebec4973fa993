import type { Client, Message } from "@parley/client";
import type { Mode } from "./choices";
import type { Notice } from "./notice";

/** What is older is no news: the server has pushed it where it could. */
const newsFor = 10 * 60_000;

/** What is known of a channel. */
export interface Where {
  kind: Notice["kind"];
  title?: string;
}

/** Whether a message calls for its reader, by the same rules as the server's. */
export async function concerns(
  client: Client,
  message: Message,
  { kind }: Where,
  { mode, chosen }: { mode: Mode; chosen: boolean },
  now = Date.now(),
): Promise<boolean> {
  const { userId: me } = client;
  const { senderId, mentions, parentId, deletedAt, createdAt, channelId } = message;
  if (me === undefined || senderId === me || deletedAt !== undefined || mode === "none") return false;
  if (now - Date.parse(createdAt) > newsFor) return false;
  if (mentions?.includes(me)) return true;
  if (mode === "mentions") return false;
  if (kind !== "open" || chosen) return true;
  return parentId !== undefined && takesPart(client, channelId, parentId, me);
}

async function takesPart(client: Client, channelId: string, id: string, me: string): Promise<boolean> {
  try {
    const path = `/v1/channels/${encodeURIComponent(channelId)}/messages/${encodeURIComponent(id)}`;
    const { senderId, thread } = (await client.request("GET", path)) as unknown as Message;
    return senderId === me || thread?.userIds?.includes(me) === true;
  } catch {
    return false; // it is gone, or out of reach
  }
}

/** A message as a notice of it. */
export function noticeOf(client: Client, message: Message, { kind, title }: Where): Notice {
  const { channelId, id, seq, createdAt, senderId, senderName, text = "", mentions } = message;
  const userId = client.userId ?? "";
  const mention = mentions?.includes(userId) === true;
  const unread = client.unread(channelId) ?? 1;
  return {
    type: "message",
    userId,
    channelId,
    kind,
    ...(title !== undefined && { title }),
    id,
    seq,
    createdAt,
    senderId,
    ...(senderName !== undefined && { senderName }),
    text: shorten(text),
    mention,
    count: kind === "open" ? 1 : Math.min(Math.max(unread, 1), 100),
  };
}

/** Shown are a few lines of it. */
function shorten(text: string): string {
  const line = text
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= 200 ? line : `${[...line].slice(0, 200).join("")}…`;
}
