import type { Call, Json } from "@parley/client";
import { useMemo, useSyncExternalStore } from "react";
import { useParley } from "./context";
import { Stores } from "./stores";

/** The user's call, and what moves it on. Each of these is kept with the call as it then stands. */
export interface CurrentCall {
  /** The call under way, else one that rings, else the last that ended; undefined: there is none. */
  readonly call: Call | undefined;
  /** It is from somebody else. */
  readonly incoming: boolean;
  readonly start: (userId: string, options?: { channelId?: string; data?: Json }) => Promise<Call>;
  readonly accept: () => Promise<Call>;
  readonly decline: () => Promise<Call>;
  /** This device cannot take it, which ends the ringing on all. */
  readonly busy: () => Promise<Call>;
  readonly end: () => Promise<Call>;
  /** Shows a call that ended no more. */
  readonly dismiss: () => void;
}

/** The call that the user is in or is called by. Where it is always there, no ringing is missed. */
export function useCall(): CurrentCall {
  const client = useParley();
  const { calls } = Stores.of(client);
  const call = useSyncExternalStore(calls.subscribe, calls.snapshot, () => undefined);
  return useMemo(() => {
    const shown = async (asked: Promise<Call>): Promise<Call> => {
      const answer = await asked;
      calls.put(answer);
      return answer;
    };
    const answer = (how: "accept" | "decline" | "busy" | "end") => () =>
      shown(client.answerCall(call?.callId ?? "", how));
    return {
      call,
      incoming: call !== undefined && call.callerId !== client.userId,
      start: (userId, options) => shown(client.call(userId, options)),
      accept: answer("accept"),
      decline: answer("decline"),
      busy: answer("busy"),
      end: answer("end"),
      dismiss: calls.dismiss,
    };
  }, [client, calls, call]);
}
