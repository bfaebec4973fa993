import { RefreshCw } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Button } from "../ui/button";
import { useRefresh } from "./asking";
import css from "./page.module.css";
import { wordsFor } from "./refused";
import type { Refusal } from "./rest";
import { strings } from "./strings";

interface HeadProps {
  title: string;
  /** What stands above it, such as the way back. */
  over?: ReactNode;
  /** Nothing on the page is asked for: there is nothing to refresh. */
  still?: boolean;
  children?: ReactNode;
}

/** The top of a page: its heading, which is the window's title too, and what can be done with all of it. */
export function PageHead({ title, over, still = false, children }: HeadProps) {
  const refresh = useRefresh();
  useEffect(() => {
    document.title = `${title} – ${strings.title}`;
  }, [title]);
  return (
    <div className={css.head}>
      {over && <div className={css.over}>{over}</div>}
      <h1>{title}</h1>
      <div className={css.acts}>
        {children}
        {!still && (
          <Button look="quiet" onClick={refresh}>
            <RefreshCw size={16} aria-hidden="true" />
            {strings.refresh}
          </Button>
        )}
      </div>
    </div>
  );
}

/** A part of a page under a heading of its own. */
export function Section({ title, acts, children }: { title: string; acts?: ReactNode; children: ReactNode }) {
  return (
    <section className={css.section} aria-label={title}>
      <div className={css.sectionHead}>
        <h2>{title}</h2>
        {acts}
      </div>
      {children}
    </section>
  );
}

/** Why something could not be had or done, in words. */
export function Trouble({ refusal }: { refusal: Refusal | undefined }) {
  if (!refusal) return null;
  return (
    <p role="alert" className={css.trouble}>
      {wordsFor(refusal)}
    </p>
  );
}

/** What was done, told to everybody. */
export function Done({ children }: { children: ReactNode }) {
  return (
    <p role="status" className={css.done}>
      {children}
    </p>
  );
}

/** Stands where something will be. */
export function Waiting() {
  return <p className={css.waiting}>{strings.loading}</p>;
}

/** The way to a list's next page. */
export function More({ more, busy }: { more: (() => void) | undefined; busy: boolean }) {
  if (!more) return null;
  return (
    <p className={css.more}>
      <Button onClick={more} disabled={busy}>
        {strings.more}
      </Button>
    </p>
  );
}

/** Names and what they stand for. Those that are undefined are left out. */
export function Facts({ facts }: { facts: Record<string, ReactNode> }) {
  return (
    <dl className={css.facts}>
      {Object.entries(facts).map(([name, fact]) =>
        fact === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** A word that classifies, such as a state. */
export function Mark({ tone, children }: { tone?: "ok" | "warn" | "danger"; children: ReactNode }) {
  return <span className={`${css.mark} ${tone ? css[tone] : ""}`}>{children}</span>;
}
