import { useEffect } from "react";
import { type Go, type Place, placeOf } from "../route";

/** The keys that work everywhere: Ctrl or ⌘ and K to jump, Alt and an arrow to the next channel. */
export function useShortcuts({ onSwitch, onPlace }: { onSwitch: () => void; onPlace: Go }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = event.ctrlKey || event.metaKey;
      if (command && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        onSwitch();
        return;
      }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined || !event.altKey || command || event.shiftKey) return;
      if (document.querySelector("dialog[open]")) return;
      const next = neighbour(step);
      if (!next) return;
      event.preventDefault();
      onPlace(next);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [onSwitch, onPlace]);
}

/** The channel so many rows below the present one, in the order in which they are shown. */
function neighbour(step: number): Place | undefined {
  const rows = [...document.querySelectorAll<HTMLElement>("#side [data-channel]")];
  const ids = rows.flatMap(({ dataset }) => dataset.channel ?? []);
  if (ids.length === 0) return undefined;
  const place = placeOf(location.hash);
  const here = ids.findIndex((id) => place.at === "channel" && place.channelId === id);
  const channelId = ids[here < 0 ? 0 : (here + step + ids.length) % ids.length];
  return channelId === undefined ? undefined : { at: "channel", channelId };
}
