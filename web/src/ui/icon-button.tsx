import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import styles from "./icon-button.module.css";

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children" | "aria-label" | "title"> {
  /** What it does, for who listens and for who points at it. */
  label: string;
  icon: LucideIcon;
  look?: "quiet" | "primary" | "danger";
  small?: boolean;
}

/** A button that is a picture. */
export function IconButton({
  label,
  icon: Icon,
  look = "quiet",
  small = false,
  className,
  type = "button",
  ...rest
}: IconButtonProps): ReactNode {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={[styles.button, styles[look], small && styles.small, className].filter(Boolean).join(" ")}
      {...rest}
    >
      <Icon size={small ? 17 : 20} strokeWidth={1.9} aria-hidden="true" />
    </button>
  );
}
