import fc from "fast-check";
import type { LogEvent, Message, Reaction } from "../src";

export const channelId = "c";
export const me = "ada";

/** What somebody does in a channel. `at` and `reply` choose among the messages that there are. */
export type Step =
  | { do: "post"; user: string; reply: number | undefined }
  | { do: "edit"; at: number }
  | { do: "delete"; at: number }
  | { do: "react"; at: number; user: string; reaction: string }
  | { do: "pin"; at: number; on: boolean };

const user = fc.constantFrom(me, "bob", "eve");
const at = fc.nat(1000);

export const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("post" as const),
        user,
        reply: fc.option(at, { nil: undefined }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("edit" as const), at }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), at }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("react" as const),
        at,
        user,
        reaction: fc.constantFrom("+", "-"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("pin" as const), at, on: fc.boolean() }) },
  ),
  { maxLength: 40, size: "max" },
);

/** The log that these steps make, each event as it was when it was new. What is deleted takes no more. */
export function logOf(all: Step[]): LogEvent[] {
  const log: LogEvent[] = [];
  const messages: Message[] = [];
  const gone = new Set<string>();
  const given = new Set<string>();
  for (const step of all) {
    const seq = log.length + 1;
    const time = new Date(seq * 1000).toISOString();
    if (step.do === "post") {
      const answered = step.reply === undefined ? undefined : messages[step.reply % (messages.length || 1)];
      const root = answered && (answered.parentId ?? answered.id);
      const message: Message = {
        id: `m${seq}`,
        channelId,
        senderId: step.user,
        text: `text ${seq}`,
        createdAt: time,
        seq,
        sequence: messages.length,
        nonce: `n${seq}`,
        ...(root !== undefined && !gone.has(root) && { parentId: root }),
      };
      messages.push(message);
      log.push({ type: "message", ...message });
      continue;
    }
    const target = messages[step.at % (messages.length || 1)];
    if (!target || gone.has(target.id)) continue;
    const { id, sequence, parentId, senderId } = target;
    const of = {
      id,
      channelId,
      seq,
      targetSeq: target.seq,
      sequence,
      ...(parentId !== undefined && { parentId }),
    };
    if (step.do === "edit") {
      log.push({ type: "message.update", ...of, newText: `edit ${seq}`, editedAt: time, userId: senderId });
    } else if (step.do === "delete") {
      gone.add(id);
      log.push({ type: "message.delete", ...of, deletedAt: time, userId: senderId });
    } else if (step.do === "pin") {
      log.push({ type: "pin", ...of, on: step.on, userId: me, at: time });
    } else {
      const { reaction, user: userId } = step;
      const key = `${id} ${userId} ${reaction}`;
      const on = !given.delete(key);
      if (on) given.add(key);
      log.push({ type: "reaction", ...of, reaction, on, userId, at: time });
    }
  }
  return log;
}

/** The messages of a log in the state that it leaves them in, found for each from the whole log. */
export function fold(log: readonly LogEvent[]): Message[] {
  return log.flatMap((event) => {
    if (event.type !== "message") return [];
    const { type: _, ...posted } = event;
    return [presentOf(posted, log)];
  });
}

function presentOf(posted: Message, log: readonly LogEvent[]): Message {
  const m = { ...posted };
  const reactions = new Map<string, string[]>();
  const thread = { replies: 0, lastAt: undefined as string | undefined, userIds: new Set<string>() };
  for (const e of log) {
    let noted = false;
    if (e.type === "message.update" && e.id === m.id) {
      Object.assign(m, { text: e.newText, editedAt: e.editedAt, editSeq: e.seq });
    } else if (e.type === "reaction" && e.id === m.id) {
      const users = (reactions.get(e.reaction) ?? []).filter((u) => u !== e.userId);
      reactions.set(e.reaction, e.on ? [...users, e.userId] : users);
      if (reactions.get(e.reaction)?.length === 0) reactions.delete(e.reaction);
      noted = true;
    } else if (e.type === "pin" && e.id === m.id) {
      if (e.on) m.pinned = { userId: e.userId, at: e.at };
      else delete m.pinned;
      noted = true;
    } else if (e.type === "message" && e.parentId === m.id) {
      thread.replies++;
      thread.lastAt = e.createdAt;
      thread.userIds.add(e.senderId);
      noted = true;
    } else if (e.type === "message.delete" && e.parentId === m.id) {
      thread.replies--;
      noted = true;
    } else if (e.type === "message.delete" && e.id === m.id) {
      m.deletedAt = e.deletedAt;
      noted = m.notesSeq !== undefined;
      reactions.clear();
      delete m.pinned;
    }
    if (noted) m.notesSeq = e.seq;
  }
  if (m.deletedAt !== undefined) delete m.text;
  const all: Reaction[] = [...reactions].map(([reaction, userIds]) => ({
    reaction,
    count: userIds.length,
    userIds,
  }));
  if (all.length > 0) m.reactions = all;
  const { replies, lastAt, userIds } = thread;
  if (lastAt !== undefined) m.thread = { replies, lastAt, userIds: [...userIds] };
  return m;
}
