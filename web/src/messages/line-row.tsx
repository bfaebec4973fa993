import { LogIn, LogOut, Phone, PhoneMissed, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { Time } from "../ui/time";
import type { Line } from "./lines";
import styles from "./row.module.css";
import { useTalk } from "./talk";

const words = strings.messages.lines;

/** One line among the messages: who came or went, which call was over. */
export function LineRow({ line }: { line: Line }): ReactNode {
  const { me, people } = useTalk();
  const name = (userId: string) => (userId === me ? words.you : people.nameOf(userId));
  const [Icon, text] = line.type === "call" ? callOf(line, name) : memberOf(line, name);
  return (
    <p className={styles.event}>
      <Icon size={15} aria-hidden="true" />
      <bdi>{text}</bdi> <Time at={line.at} />
    </p>
  );
}

type Told = [typeof Phone, string];

function callOf(line: Line & { type: "call" }, name: (userId: string) => string): Told {
  const [caller, callee] = [name(line.callerId), name(line.calleeId)];
  if (line.state === "ended" && line.answeredAt !== undefined) {
    const seconds = Math.max(0, Math.round((Date.parse(line.endedAt) - Date.parse(line.answeredAt)) / 1000));
    return [Phone, words.callEnded(caller, callee, duration(seconds))];
  }
  if (line.state === "declined" || line.state === "busy")
    return [PhoneMissed, words.callDeclined(caller, callee)];
  return [PhoneMissed, words.callMissed(caller, callee)];
}

function memberOf(line: Line & { type: "member" }, name: (userId: string) => string): Told {
  const [who, by] = [name(line.userId), name(line.by)];
  if (line.banned) return [LogOut, words.banned(who, by)];
  if (line.role === "") return [LogOut, line.by === line.userId ? words.left(who) : words.removed(who, by)];
  if (line.muted) return [ShieldCheck, words.muted(who, by)];
  if (line.role !== "member") return [ShieldCheck, words.role(who, words.roles[line.role] ?? line.role)];
  return [LogIn, line.by === line.userId ? words.joined(who) : words.added(who, by)];
}

function duration(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
