import { useMemo, useSyncExternalStore } from "react";
import type { ChannelStore, Roster, Standing, Typist } from "./channel-store";
import { useParley } from "./context";
import { Stores } from "./stores";

const outside: Standing = { joined: false, role: "" };
const nobody: Roster = { present: [], gone: [] };
const none: readonly never[] = [];
const unknown: Readonly<Record<string, number>> = {};

export interface ChannelOptions {
  /** Be seen in the channel. Default true; one hook that wants it is enough. */
  presence?: boolean;
}

/** A part of what is known of a channel, which is followed as long as the component is there. */
export function useChannelPart<Part>(
  channelId: string,
  presence: boolean,
  part: (channel: ChannelStore) => Part,
  atFirst: Part,
): [Part, ChannelStore] {
  const channel = Stores.of(useParley()).channels.get(channelId);
  const subscribe = presence ? channel.attend : channel.subscribe;
  return [
    useSyncExternalStore(
      subscribe,
      () => part(channel),
      () => atFirst,
    ),
    channel,
  ];
}

/** Joins a channel while any component that uses it is there, and leaves it with the last. */
export function useChannel(channelId: string, { presence = true }: ChannelOptions = {}): Standing {
  return useChannelPart(channelId, presence, (c) => c.standing, outside)[0];
}

/** Who is in a channel, and who went while we looked. */
export function usePresence(channelId: string): Roster {
  return useChannelPart(channelId, true, (c) => c.roster, nobody)[0];
}

/** Typing in a channel. */
export interface Typing {
  /** The others who type. */
  readonly typists: readonly Typist[];
  /** Says that the user types; call it at each key. It is over 3 seconds after the last. */
  readonly start: () => void;
  readonly stop: () => void;
  /** For an input: it types while its text changes, and stops when it is empty or left. */
  readonly bind: {
    readonly onInput: (event: { currentTarget: { value: string } }) => void;
    readonly onBlur: () => void;
  };
}

export function useTyping(channelId: string, { presence = true }: ChannelOptions = {}): Typing {
  const [typists, channel] = useChannelPart<readonly Typist[]>(channelId, presence, (c) => c.typists, none);
  return useMemo(() => {
    const start = () => channel.typist.start();
    const stop = () => channel.typist.stop();
    const onInput = (event: { currentTarget: { value: string } }) => {
      if (event.currentTarget.value) start();
      else stop();
    };
    return { typists, start, stop, bind: { onInput, onBlur: stop } };
  }, [channel, typists]);
}

/** How many messages come after the read cursor, one's own included; undefined until it is known. */
export function useUnread(channelId: string): number | undefined;
/** The same of several channels; of those that are not in it, it is not known yet. */
export function useUnread(channelIds: readonly string[]): Readonly<Record<string, number>>;
export function useUnread(
  which: string | readonly string[],
): number | undefined | Readonly<Record<string, number>> {
  const { channels } = Stores.of(useParley());
  const key = JSON.stringify(typeof which === "string" ? [which] : which);
  const counts = useMemo(() => {
    const all = (JSON.parse(key) as string[]).map((id) => channels.get(id));
    let last: Readonly<Record<string, number>> = unknown;
    return {
      subscribe: (listener: () => void) => {
        const stops = all.map((c) => c.subscribe(listener));
        return () => {
          for (const stop of stops) stop();
        };
      },
      snapshot: () => {
        const known = all.filter((c) => c.unread !== undefined);
        const same = known.length === Object.keys(last).length;
        if (!same || known.some((c) => last[c.channelId] !== c.unread)) {
          last = Object.fromEntries(known.map((c) => [c.channelId, c.unread ?? 0]));
        }
        return last;
      },
    };
  }, [channels, key]);
  const all = useSyncExternalStore(counts.subscribe, counts.snapshot, () => unknown);
  return typeof which === "string" ? all[which] : all;
}
