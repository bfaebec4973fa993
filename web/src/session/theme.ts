import { useState } from "react";

/** How the page looks: as the system does, or always the one way. */
export type Theme = "system" | "light" | "dark";

const key = "parley.theme";

/** The theme that was chosen on this device. */
export function savedTheme(): Theme {
  try {
    const theme = localStorage.getItem(key);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
}

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset.theme;
  else dataset.theme = theme;
}

/** The theme, and how to choose another for this device. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(savedTheme);
  const choose = (next: Theme) => {
    setTheme(next);
    applyTheme(next);
    try {
      if (next === "system") localStorage.removeItem(key);
      else localStorage.setItem(key, next);
    } catch {
      // until the page is closed, then
    }
  };
  return [theme, choose];
}
