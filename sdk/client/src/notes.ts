import type { LogEvent, Message, Reaction } from "./types";

/** So many users are named with a reaction or a thread; the rest are counted. */
const named = 32;

/**
 * The message `m` after one more event of its channel: what hangs on it, by the
 * rule of docs/protocol.md ("Notes"). Events come in the order of `seq`; one that
 * the message has taken in already changes nothing, and gives the same object.
 */
export function hang<M extends Message>(m: M, event: LogEvent): M {
  if (event.seq <= (m.notesSeq ?? 0)) return m;
  const change = changeOf(m, event);
  if (!change) return m;
  const next = { ...m, ...change, notesSeq: event.seq };
  if (next.reactions?.length === 0) delete next.reactions;
  if (next.pinned === undefined) delete next.pinned;
  if (next.thread?.replies === 0 && next.thread.lastAt === undefined) delete next.thread;
  return next as M;
}

/** What an event changes; undefined: nothing, for it is not about this message. */
function changeOf(
  m: Message,
  event: LogEvent,
): { reactions?: Reaction[]; thread?: Message["thread"]; pinned?: Message["pinned"] } | undefined {
  switch (event.type) {
    case "reaction":
      return event.id === m.id ? { reactions: reacted(m.reactions ?? [], event) } : undefined;
    case "pin":
      if (event.id !== m.id) return undefined;
      return { pinned: event.on ? { userId: event.userId, at: event.at } : undefined };
    case "message":
      return event.parentId === m.id ? { thread: replied(m.thread, event) } : undefined;
    case "message.delete":
      if (event.id === m.id) return m.notesSeq ? { reactions: [], pinned: undefined } : undefined;
      if (event.parentId !== m.id) return undefined;
      return { thread: { ...m.thread, replies: Math.max(0, (m.thread?.replies ?? 0) - 1) } };
    default:
      return undefined;
  }
}

function reacted(all: Reaction[], event: { reaction: string; on: boolean; userId: string }): Reaction[] {
  const { reaction, on, userId } = event;
  if (on && !all.some((r) => r.reaction === reaction)) {
    return [...all, { reaction, count: 1, userIds: [userId] }];
  }
  return all.flatMap((r) => {
    if (r.reaction !== reaction) return r;
    if (on) return { ...r, count: r.count + 1, userIds: shown(r.userIds, userId) };
    if (r.count <= 1) return [];
    return { ...r, count: r.count - 1, userIds: r.userIds.filter((id) => id !== userId) };
  });
}

function replied(thread: Message["thread"], reply: Message): Message["thread"] {
  return {
    replies: (thread?.replies ?? 0) + 1,
    lastAt: reply.createdAt,
    userIds: shown(thread?.userIds ?? [], reply.senderId),
  };
}

/** The users with one more, if there is room. */
function shown(userIds: string[], userId: string): string[] {
  return userIds.length >= named || userIds.includes(userId) ? userIds : [...userIds, userId];
}
