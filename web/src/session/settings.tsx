import { useParley } from "@parley/react";
import { Menu as MenuIcon } from "lucide-react";
import type { ReactNode } from "react";
import { strings } from "../strings";
import { Choice } from "../ui/field";
import { IconButton } from "../ui/icon-button";
import styles from "./settings.module.css";
import { type Theme, useTheme } from "./theme";

/** What the person chose for themselves, and for this device. `notifications` is another feature's part of it. */
export function Settings({
  notifications,
  onMenu,
}: {
  notifications?: ReactNode;
  onMenu: () => void;
}): ReactNode {
  const { userId } = useParley();
  const [theme, setTheme] = useTheme();
  const words = strings.settings;
  const themes = Object.entries(words.themes) as [Theme, string][];
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <IconButton className={styles.menu} icon={MenuIcon} label={strings.app.menu} onClick={onMenu} />
        <h1>{words.title}</h1>
      </header>
      <div className={styles.parts}>
        <section aria-label={words.theme}>
          <Choice
            legend={words.theme}
            name="theme"
            value={theme}
            onChange={setTheme}
            options={themes.map(([value, label]) => ({ value, label }))}
          />
        </section>
        {notifications && (
          <section aria-labelledby="settings-notifications">
            <h2 id="settings-notifications">{words.notifications}</h2>
            {notifications}
          </section>
        )}
        {userId !== undefined && (
          <section aria-labelledby="settings-account">
            <h2 id="settings-account">{words.account}</h2>
            <p>{words.signedInAs(userId)}</p>
          </section>
        )}
      </div>
    </div>
  );
}
