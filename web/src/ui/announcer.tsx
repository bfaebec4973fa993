import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

/** Tells something to who listens, when it is their turn. */
export type Announce = (text: string) => void;

const Announcing = createContext<Announce>(() => {});

/** How to tell who listens of what is only seen. */
export function useAnnounce(): Announce {
  return useContext(Announcing);
}

/** The page's live region. What is said twice is read twice: each time in another of two places. */
export function Announcer({ children }: { children: ReactNode }): ReactNode {
  const [said, setSaid] = useState<{ text: string; second: boolean }>({ text: "", second: false });
  const announce = useCallback<Announce>((text) => setSaid((last) => ({ text, second: !last.second })), []);
  return (
    <Announcing value={announce}>
      {children}
      <div className="unseen" role="status" aria-live="polite">
        {!said.second && said.text}
      </div>
      <div className="unseen" role="status" aria-live="polite">
        {said.second && said.text}
      </div>
    </Announcing>
  );
}
