import { LogOut } from "lucide-react";
import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { Button } from "../ui/button";
import { type Drawer, useAccess } from "./access";
import { Asking } from "./asking";
import { Channel } from "./channels/channel";
import { Channels } from "./channels/channels";
import { Configuration } from "./configuration";
import css from "./console.module.css";
import { useFindKey } from "./find";
import { Keys } from "./keys/keys";
import { Overview } from "./overview/overview";
import { Trouble, Waiting } from "./page";
import { Project } from "./project";
import { hashOf, type Place, pageOf, pages, placeOf } from "./route";
import { Sessions } from "./sessions";
import { SignIn } from "./sign-in";
import { strings } from "./strings";
import { Tokens } from "./tokens/tokens";
import { User } from "./users/user";
import { Users } from "./users/users";
import { Way } from "./way/way";

/** The console: for who holds a secret key or an administrator's token; on a server with --dev for everybody. */
export function Console({ dev, drawer }: { dev: boolean; drawer: Drawer | undefined }) {
  const { rest, refusal, enter, leave, project, choose } = useAccess(dev, drawer);
  const place = usePlace();
  useFindKey();
  if (!rest) {
    if (!dev) return <SignIn refusal={refusal} enter={enter} />;
    return <main className={css.opening}>{refusal ? <Trouble refusal={refusal} /> : <Waiting />}</main>;
  }
  return (
    <Asking rest={rest}>
      <Frame
        place={place}
        dev={dev}
        leave={leave}
        project={project}
        choose={(name) => {
          location.hash = hashOf({ page: pageOf(place) }); // what else it names is of the project before
          choose(name);
        }}
      >
        <Content key={project} place={place} />
      </Frame>
    </Asking>
  );
}

function usePlace(): Place {
  const hash = useSyncExternalStore(onHash, () => location.hash);
  return placeOf(hash);
}

function onHash(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

interface FrameProps {
  place: Place;
  dev: boolean;
  leave: () => void;
  project: string;
  choose: (project: string) => void;
  children: ReactNode;
}

function Frame({ place, dev, leave, project, choose, children }: FrameProps) {
  const main = useFocusOn(subjectOf(place));
  const current = pageOf(place);
  const nav = useInSight(current);
  return (
    <div className={css.frame}>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to a place of the page, and must not change the hash */}
      <a className={css.skip} href="#main" onClick={(event) => skipTo(event, main.current)}>
        {strings.skip}
      </a>
      <header className={css.side}>
        <a className={css.name} href={hashOf({ page: "overview" })}>
          {strings.title}
        </a>
        <Project chosen={project} choose={choose} />
        <nav ref={nav} aria-label={strings.navigation} className={css.nav}>
          {pages.map((page) => (
            <a key={page} href={hashOf({ page })} aria-current={page === current ? "page" : undefined}>
              {strings.pages[page]}
            </a>
          ))}
        </nav>
        {dev ? (
          <p className={css.dev}>{strings.signIn.dev}</p>
        ) : (
          <Button look="quiet" className={css.leave} onClick={leave}>
            <LogOut size={16} aria-hidden="true" />
            {strings.signOut}
          </Button>
        )}
      </header>
      <main id="main" ref={main} tabIndex={-1} className={css.main}>
        {children}
      </main>
    </div>
  );
}

/** The skip link moves the focus; the hash is a place, and stays. */
function skipTo(event: { preventDefault: () => void }, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

/** Puts the focus on the content, at its top, when its subject changes, so that who listens hears of it. */
function useFocusOn(subject: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(subject);
  useEffect(() => {
    if (before.current === subject) return;
    before.current = subject;
    main.current?.scrollTo(0, 0);
    main.current?.focus();
  }, [subject]);
  return main;
}

/** Scrolls the navigation, which on a phone is wider than the window, to its current entry. */
function useInSight(current: string) {
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is another entry then
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return nav;
}

/** What a page is about, without the part of it that is shown. */
function subjectOf(place: Place): string {
  return place.page === "channel" ? hashOf({ ...place, tab: "log" }) : hashOf(place);
}

function Content({ place }: { place: Place }) {
  switch (place.page) {
    case "overview":
      return <Overview />;
    case "channels":
      return <Channels />;
    case "channel":
      return <Channel key={place.channel} id={place.channel} tab={place.tab} />;
    case "message":
      return <Way key={place.message} channel={place.channel} id={place.message} />;
    case "users":
      return <Users />;
    case "user":
      return <User key={place.user} id={place.user} />;
    case "sessions":
      return <Sessions />;
    case "keys":
      return <Keys />;
    case "tokens":
      return <Tokens />;
    case "configuration":
      return <Configuration />;
  }
}
