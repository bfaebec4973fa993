import type { ReactNode } from "react";

/** Parley's mark. */
export function Mark({ size = 28 }: { size?: number }): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="#0f766e" />
      <path
        d="M9 23V9h8.2a5 5 0 0 1 0 10H13"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
