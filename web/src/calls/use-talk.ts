import { useSyncExternalStore } from "react";
import type { Talk, TalkView } from "./talk";

/** What is shown of a talk, if there is one. */
export function useTalk(talk: Talk | undefined): TalkView | undefined {
  return useSyncExternalStore(talk?.subscribe ?? nothing, () => talk?.snapshot());
}

function nothing(): () => void {
  return () => {};
}
