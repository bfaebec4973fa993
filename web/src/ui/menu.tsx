import { EllipsisVertical, type LucideIcon } from "lucide-react";
import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactNode,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { IconButton } from "./icon-button";
import styles from "./menu.module.css";

export interface MenuItem {
  label: string;
  onChoose: () => void;
  icon?: LucideIcon;
  danger?: boolean;
}

/** A button that opens a list of things to do. Arrows, Home, End and letters move in it, Escape closes it. */
export function Menu({
  label,
  items,
  icon = EllipsisVertical,
  small = false,
}: {
  label: string;
  items: readonly MenuItem[];
  icon?: LucideIcon;
  small?: boolean;
}): ReactNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [place, setPlace] = useState<CSSProperties>({});

  // When the items are there: before, it has no size.
  useLayoutEffect(() => {
    if (!open) return;
    const at = button.current?.getBoundingClientRect();
    const size = list.current?.getBoundingClientRect();
    if (at && size) setPlace(placeBeside(at, size));
    itemsOf(list.current)[0]?.focus({ preventScroll: true });
  }, [open]);

  const moved = (event: KeyboardEvent) => {
    const all = itemsOf(list.current);
    const here = all.findIndex((item) => item.matches(":focus"));
    const to = target(event.key, here, all);
    if (to === undefined) return;
    event.preventDefault();
    all[to]?.focus();
  };

  return (
    <>
      <IconButton
        ref={button}
        icon={icon}
        label={label}
        small={small}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => list.current?.togglePopover()}
      />
      <div
        ref={list}
        id={id}
        role="menu"
        aria-label={label}
        popover="auto"
        tabIndex={-1}
        className={styles.menu}
        style={place}
        onToggle={(event) => setOpen(event.newState === "open")}
        onKeyDown={moved}
      >
        {open &&
          items.map(({ label: name, onChoose, icon: Icon, danger }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={danger ? `${styles.item} ${styles.danger}` : styles.item}
              onClick={() => {
                list.current?.hidePopover();
                button.current?.focus();
                onChoose();
              }}
            >
              {Icon && <Icon size={17} aria-hidden="true" />}
              {name}
            </button>
          ))}
      </div>
    </>
  );
}

function itemsOf(list: HTMLElement | null): HTMLElement[] {
  return list ? [...list.querySelectorAll<HTMLElement>("[role=menuitem]")] : [];
}

/** Which item a key goes to, from the one that has the focus. */
function target(key: string, here: number, all: readonly HTMLElement[]): number | undefined {
  const n = all.length;
  if (key === "ArrowDown") return (here + 1) % n;
  if (key === "ArrowUp") return (here - 1 + n) % n;
  if (key === "Home") return 0;
  if (key === "End") return n - 1;
  if (key.length !== 1) return undefined;
  const starts = (item: HTMLElement) => item.textContent?.trim().toLowerCase().startsWith(key.toLowerCase());
  const after = all.findIndex((item, i) => i > here && starts(item));
  const found = after >= 0 ? after : all.findIndex(starts);
  return found >= 0 ? found : undefined;
}

/** Below the button and flush with its right side, unless the window ends there. */
function placeBeside(at: DOMRect, size: DOMRect): CSSProperties {
  const below = at.bottom + 4 + size.height <= innerHeight;
  const left = Math.min(Math.max(8, at.right - size.width), innerWidth - size.width - 8);
  return { left, top: below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4) };
}
