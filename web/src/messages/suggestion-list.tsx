import type { ReactNode } from "react";
import { strings } from "../strings";
import styles from "./composer.module.css";
import type { Suggestion } from "./suggestions";

/** What is offered to complete; the focus stays where one writes. */
export function Suggestions({
  id,
  suggestions,
  active,
  onChoose,
}: {
  id: string;
  suggestions: readonly Suggestion[];
  active: number;
  onChoose: (suggestion: Suggestion) => void;
}): ReactNode {
  return (
    <div id={id} role="listbox" aria-label={strings.messages.suggestions} className={styles.suggestions}>
      {suggestions.map((suggestion, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: its keys are those of the field that has the focus
        // biome-ignore lint/a11y/useFocusableInteractive: as above
        <div
          key={suggestion.text}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === active}
          className={styles.suggestion}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(suggestion)}
        >
          <span>{suggestion.label}</span>
          <span className={styles.hint}>{suggestion.hint}</span>
        </div>
      ))}
    </div>
  );
}
