import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { Refusal, type Rest } from "./rest";

/** Whom is asked, and how often everything was asked anew. */
interface Inquiry {
  readonly rest: Rest;
  readonly round: number;
  readonly refresh: () => void;
}

const InquiryContext = createContext<Inquiry | null>(null);

/** Gives everything below it the server to ask. */
export function Asking({ rest, children }: { rest: Rest; children: ReactNode }) {
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);
  const inquiry = useMemo(() => ({ rest, round, refresh }), [rest, round, refresh]);
  return <InquiryContext value={inquiry}>{children}</InquiryContext>;
}

function useInquiry(): Inquiry {
  const inquiry = useContext(InquiryContext);
  if (!inquiry) throw new Error("asked outside of Asking");
  return inquiry;
}

/** Has everything that is shown asked anew. */
export function useRefresh(): () => void {
  return useInquiry().refresh;
}

/** What became of a question: its answer, the one before it while it is asked again, or why there is none. */
export interface Asked<T> {
  readonly answer: T | undefined;
  readonly refusal: Refusal | undefined;
  readonly busy: boolean;
  /** Asks again; what was answered stays until there is another. */
  readonly again: () => void;
}

type Question<T> = (rest: Rest, signal: AbortSignal) => Promise<T>;

interface Outcome<T> {
  subject: string;
  answer?: T;
  refusal?: Refusal;
}

/**
 * Asks the server when a component appears, and again when `subject` changes, which names what is asked. An
 * answer that came too late for its subject is dropped.
 */
export function useAsked<T>(subject: string, question: Question<T>): Asked<T> {
  const { rest, round: all } = useInquiry();
  const [outcome, setOutcome] = useState<Outcome<T>>({ subject });
  const [busy, setBusy] = useState(true);
  const [round, setRound] = useState(0);
  const latest = useLatest(question);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round is a request to ask again
  useEffect(() => {
    const stop = new AbortController();
    setBusy(true);
    latest
      .current(rest, stop.signal)
      .then(
        (answer) => stop.signal.aborted || setOutcome({ subject, answer }),
        (err) => stop.signal.aborted || setOutcome({ subject, refusal: asRefusal(err) }),
      )
      .finally(() => stop.signal.aborted || setBusy(false));
    return () => stop.abort();
  }, [rest, subject, round, all, latest]);

  const again = useCallback(() => setRound((n) => n + 1), []);
  const current = outcome.subject === subject;
  return {
    answer: current ? outcome.answer : undefined,
    refusal: current ? outcome.refusal : undefined,
    busy,
    again,
  };
}

/**
 * Asks every `period` milliseconds for as long as the page can be seen: at once when it comes into view, and
 * never two at a time. `heard` gets each answer.
 */
export function usePolled<T>(
  period: number,
  question: Question<T>,
  heard: (answer: T) => void,
): Refusal | undefined {
  const { rest } = useInquiry();
  const visible = useVisible();
  const [refusal, setRefusal] = useState<Refusal>();
  const asks = useLatest(question);
  const hears = useLatest(heard);

  useEffect(() => {
    if (!visible) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      try {
        const answer = await asks.current(rest, stop.signal);
        if (stop.signal.aborted) return;
        hears.current(answer);
        setRefusal(undefined);
      } catch (err) {
        if (stop.signal.aborted) return;
        setRefusal(asRefusal(err));
      }
      timer = setTimeout(ask, period);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [rest, visible, period, asks, hears]);

  return refusal;
}

/** What somebody does: it is done once at a time, and a refusal is kept to be shown. */
export interface Deed<A extends unknown[]> {
  readonly busy: boolean;
  readonly refusal: Refusal | undefined;
  /** Does it; says whether it was done. */
  readonly run: (...args: A) => Promise<boolean>;
}

/** A change that the server is asked for, and what follows from it here. It fails by throwing. */
export function useDeed<A extends unknown[]>(act: (rest: Rest, ...args: A) => Promise<unknown>): Deed<A> {
  const { rest } = useInquiry();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const acts = useLatest(act);
  const running = useRef(false);

  const run = useCallback(
    async (...args: A) => {
      if (running.current) return false;
      running.current = true;
      setBusy(true);
      setRefusal(undefined);
      try {
        await acts.current(rest, ...args);
        return true;
      } catch (err) {
        setRefusal(asRefusal(err));
        return false;
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
    [rest, acts],
  );
  return { busy, refusal, run };
}

/** Whether the page can be seen. */
export function useVisible(): boolean {
  return useSyncExternalStore(onVisibility, () => document.visibilityState === "visible");
}

function onVisibility(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}

function asRefusal(err: unknown): Refusal {
  return err instanceof Refusal ? err : new Refusal("broken", String(err));
}
