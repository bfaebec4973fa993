import { Menu as MenuIcon, Search as SearchIcon } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { errorCode } from "../errors";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import { IconButton } from "../ui/icon-button";
import { byChannel } from "./found";
import { Result } from "./result";
import styles from "./search.module.css";
import { type Search, useSearch } from "./use-search";

export interface SearchPanelProps {
  /** What is looked for, as the address has it. */
  query: string;
  onPlace: Go;
  onMenu: () => void;
  /** How a channel is called; its id where that is left out. */
  channel?: (channelId: string) => ReactNode;
}

/** Finds messages in everything that the user may read. Arrows go from the box through what is found, Enter goes to it. */
export function SearchPanel({ query, onPlace, onMenu, channel }: SearchPanelProps): ReactNode {
  const [text, setText] = useState(query);
  const box = useRef<HTMLInputElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const hint = useId();
  const search = useSearch(text);
  const words = strings.search;
  const typed = useRef(query);

  useEffect(() => {
    if (query !== typed.current) setText(query); // somebody went here, and did not type it
    typed.current = query;
  }, [query]);
  const { answered } = search;
  useEffect(() => {
    if (answered === undefined || answered === typed.current) return;
    typed.current = answered;
    onPlace({ at: "search", query: answered }, { replace: true });
  }, [answered, onPlace]);
  useEffect(() => box.current?.focus(), []);

  const insert = (example: string) => {
    setText((now) => (now.trim() === "" ? example : `${now.trimEnd()} ${example}`));
    box.current?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys go from one of what is within to the next
    <div ref={panel} className={styles.panel} onKeyDown={(event) => moveFocus(event, panel.current)}>
      <header className={styles.header}>
        <IconButton className={styles.menu} icon={MenuIcon} label={strings.app.menu} onClick={onMenu} />
        <h1 className="unseen">{words.title}</h1>
        <search className={styles.box}>
          <SearchIcon size={18} aria-hidden="true" />
          <input
            ref={box}
            type="search"
            aria-label={words.label}
            aria-describedby={hint}
            placeholder={words.placeholder}
            autoComplete="off"
            enterKeyHint="search"
            maxLength={512}
            data-result=""
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        </search>
        <p id={hint} className="unseen">
          {words.keys}
        </p>
      </header>
      <div className={styles.body}>
        <Answer search={search} text={text} channel={channel} onInsert={insert} />
      </div>
    </div>
  );
}

/** What was found, or why nothing was. */
function Answer({
  search,
  text,
  channel,
  onInsert,
}: {
  search: Search;
  text: string;
  channel: SearchPanelProps["channel"];
  onInsert: (example: string) => void;
}): ReactNode {
  const { hits, error, answered, busy } = search;
  const words = strings.search;
  const blank = text.trim() === "";
  return (
    <>
      <p role="status" className={hits.length > 0 ? "unseen" : styles.status}>
        {!blank && busy === "first" && hits.length === 0 && words.searching}
        {!blank && busy === false && answered !== undefined && error === undefined && counted(search)}
      </p>
      {error !== undefined && <Refusal error={error} again={search.again} />}
      {search.indexing && <p className={styles.note}>{words.indexing}</p>}
      {byChannel(hits).map((group) => (
        <section key={group.channelId} className={styles.group}>
          <h2>{channel ? channel(group.channelId) : group.channelId}</h2>
          <ul>
            {group.hits.map((hit) => (
              <Result key={hit.message.id} hit={hit} />
            ))}
          </ul>
        </section>
      ))}
      {search.hasMore && (
        <p className={styles.more}>
          <Button data-result="" disabled={busy !== false} onClick={search.more}>
            {busy === "more" ? words.searching : words.more}
          </Button>
        </p>
      )}
      {(blank || hits.length === 0) && <Examples onInsert={onInsert} />}
    </>
  );
}

function counted({ hits, hasMore }: Search): string {
  const words = strings.search;
  if (hits.length === 0) return words.none;
  return hasMore ? words.foundMore(hits.length) : words.found(hits.length);
}

function Refusal({ error, again }: { error: unknown; again: () => void }): ReactNode {
  const code = errorCode(error);
  const refusals: { readonly [code: string]: string } = strings.search.refused;
  const known = Object.hasOwn(refusals, code) ? refusals[code] : undefined;
  return (
    <div role="alert" className={styles.refusal}>
      <p>{known ?? errorText(error)}</p>
      {known === undefined && <Button onClick={again}>{strings.app.retry}</Button>}
    </div>
  );
}

/** What can be asked for, to be put into the box. */
function Examples({ onInsert }: { onInsert: (example: string) => void }): ReactNode {
  const words = strings.search;
  return (
    <section className={styles.examples} aria-labelledby="search-examples">
      <h2 id="search-examples">{words.examplesTitle}</h2>
      <ul>
        {words.examples.map(([example, meaning]) => (
          <li key={example}>
            <button type="button" onClick={() => onInsert(example)}>
              <code>{example}</code>
              <span>{meaning}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Arrows go from the box through the results and back. */
function moveFocus(event: KeyboardEvent, panel: HTMLElement | null): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || !panel || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey)
    return;
  const all = [...panel.querySelectorAll<HTMLElement>("[data-result]")];
  const here = all.findIndex((one) => one.contains(document.activeElement));
  const next = all[here + step];
  if (here < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
