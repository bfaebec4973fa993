import {
  createContext,
  type ReactNode,
  type RefObject,
  useContext,
  useEffect,
  useRef,
  useState,
} from "react";

type Change = (change: (open: readonly HTMLDialogElement[]) => readonly HTMLDialogElement[]) => void;

const Opening = createContext<Change>(() => {});
const Top = createContext<HTMLDialogElement | undefined>(undefined);

/** Knows which modal dialogs are open below it. */
export function Modals({ children }: { children: ReactNode }): ReactNode {
  const [open, set] = useState<readonly HTMLDialogElement[]>([]);
  return (
    <Opening value={set}>
      <Top value={open.at(-1)}>{children}</Top>
    </Opening>
  );
}

/** The modal dialog that is above all else. Nothing outside of it can be used while it is there. */
export function useTopModal(): HTMLDialogElement | undefined {
  return useContext(Top);
}

/** A dialog that is modal for as long as it is rendered. The focus goes back to where it was. */
export function useModal(): RefObject<HTMLDialogElement | null> {
  const ref = useRef<HTMLDialogElement>(null);
  const set = useContext(Opening);
  useEffect(() => {
    const { current } = ref;
    if (!current) return;
    const before = document.activeElement;
    if (!current.open) current.showModal();
    set((open) => [...open, current]);
    return () => {
      set((open) => open.filter((dialog) => dialog !== current));
      current.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [set]);
  return ref;
}
