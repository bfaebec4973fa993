import type { Draft } from "@parley/client";
import { useTyping } from "@parley/react";
import { SendHorizontal, Smile } from "lucide-react";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type Ref,
  Suspense,
  useCallback,
  useEffect,
  useId,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { later } from "../ui/later";
import { begunAt, closedAt, replaced } from "./completion";
import styles from "./composer.module.css";
import { browserStorage, Drafts } from "./drafts";
import type { People } from "./people";
import { Suggestions } from "./suggestion-list";
import { type Suggestion, suggestionsFor, useEmojiLibrary } from "./suggestions";

const EmojiPicker = later(
  () => import("./emoji-picker"),
  (m) => m.default,
  { large: true },
);
const words = strings.messages;

/** A draft is kept when nothing was typed for so many milliseconds. */
const pause = 300;

/** What others may do with a composer. */
export interface ComposerHandle {
  focus(): void;
}

export interface ComposerProps {
  channelId: string;
  /** The message whose thread is answered. */
  threadId?: string;
  label: string;
  people: People;
  me: string;
  /** Sends what was written; false: it was not taken, and stays. */
  onSend: (draft: Draft) => Promise<boolean>;
  /** Up in an empty composer. */
  onUp?: () => void;
  actions?: ReactNode;
  tray?: ReactNode;
  handle?: Ref<ComposerHandle>;
}

/** Where messages are written. What is typed is here alone: nothing waits for the network. */
export const Composer = memo(function Composer(props: ComposerProps): ReactNode {
  const { channelId, threadId, label, people, me, onSend, onUp, actions, tray, handle } = props;
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useDraft(me, threadId === undefined ? channelId : `${channelId} ${threadId}`);
  const { start, stop } = useTyping(channelId);
  const complete = useCompletion(text, people, me);
  const [picking, setPicking] = useState(false);
  useImperativeHandle(handle, () => ({ focus: () => field.current?.focus() }), []);
  useHeight(field, text);

  const put = (next: string, caret: number) => {
    setText(next);
    complete.moved(caret);
    queueMicrotask(() => field.current?.setSelectionRange(caret, caret));
  };
  const choose = (suggestion: Suggestion) => {
    const { begun } = complete;
    if (!begun) return;
    const end = begun.from + begun.query.length + 1;
    const next = replaced(text, begun.from, end, suggestion.text);
    complete.close();
    put(next.text, next.caret);
  };
  const send = async () => {
    const said = text.trim();
    if (said === "") return;
    stop();
    setText("");
    complete.close();
    const mentions = people.calledIn(said);
    const taken = await onSend({
      text: said,
      ...(threadId !== undefined && { parentId: threadId }),
      ...(mentions.length > 0 && { mentions }),
    });
    if (!taken) setText((now) => (now === "" ? said : `${said}\n${now}`));
  };
  const typed = (value: string, caret: number) => {
    const closed = closedAt(value, caret);
    const emoji = closed && complete.emojiOf(closed.code);
    if (closed && emoji) {
      const next = replaced(value, closed.from, caret, emoji);
      put(next.text, next.caret);
    } else {
      setText(value);
      complete.moved(caret);
    }
    if (value === "") stop();
    else start();
  };
  const pressed = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return; // Enter ends a word there, not a message
    if (complete.pressed(event, choose)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    } else if (event.key === "ArrowUp" && text === "" && onUp) {
      event.preventDefault();
      onUp();
    }
  };
  const { suggestions, active } = complete;
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {tray}
      {suggestions.length > 0 && (
        <Suggestions id={`${id}-list`} suggestions={suggestions} active={active} onChoose={choose} />
      )}
      <div className={styles.line}>
        {actions}
        <textarea
          ref={field}
          className={styles.field}
          rows={1}
          value={text}
          dir="auto"
          enterKeyHint="send"
          aria-label={label}
          placeholder={label}
          aria-autocomplete="list"
          aria-controls={suggestions.length > 0 ? `${id}-list` : undefined}
          aria-activedescendant={suggestions.length > 0 ? `${id}-list-${active}` : undefined}
          onChange={(event) => typed(event.target.value, event.target.selectionStart)}
          onKeyDown={pressed}
          onBlur={() => {
            stop();
            complete.close();
          }}
        />
        <IconButton
          icon={Smile}
          label={words.emoji}
          aria-haspopup="dialog"
          onClick={() => setPicking(true)}
        />
        <IconButton
          icon={SendHorizontal}
          label={words.send}
          look="primary"
          type="submit"
          disabled={text.trim() === ""}
        />
      </div>
      {picking && (
        <Suspense fallback={null}>
          <EmojiPicker
            onClose={() => setPicking(false)}
            onPick={(emoji) => {
              const at = field.current?.selectionStart ?? text.length;
              setPicking(false);
              const next = replaced(text, at, at, emoji);
              put(next.text, next.caret);
            }}
          />
        </Suspense>
      )}
    </form>
  );
});

/** What is being written to a place: kept there when the person pauses, goes elsewhere or closes the page. */
function useDraft(me: string, place: string) {
  const drafts = useMemo(() => new Drafts(browserStorage(), me), [me]);
  const [text, setText] = useState(() => drafts.get(place));
  const latest = useRef(text);
  const unsaved = useRef(false); // what nobody has changed here may be newer in another tab
  useEffect(() => {
    // Whose it is may be known only when one is connected; what was typed until then comes first.
    const kept = drafts.get(place);
    unsaved.current ||= latest.current !== "" && latest.current !== kept;
    if (kept !== "") setText((now) => (now === "" ? kept : now));
  }, [drafts, place]);
  const keep = useCallback(() => {
    if (unsaved.current) drafts.set(place, latest.current);
    unsaved.current = false;
  }, [drafts, place]);
  useEffect(() => {
    if (latest.current === text) return;
    latest.current = text;
    unsaved.current = true;
    const timer = setTimeout(keep, text === "" ? 0 : pause);
    return () => clearTimeout(timer);
  }, [keep, text]);
  useEffect(() => {
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      keep();
    };
  }, [keep]);
  return [text, setText] as const;
}

/** What is begun at the caret, how it may be completed, and the keys that do it. */
function useCompletion(text: string, people: People, me: string) {
  const [caret, setCaret] = useState<number>(); // undefined: nothing is offered
  const [picked, setPicked] = useState(0);
  const begun = caret === undefined ? undefined : begunAt(text, caret);
  const library = useEmojiLibrary(begun?.kind === "emoji");
  const suggestions = suggestionsFor(begun, people, me, library);
  const n = suggestions.length;
  const active = Math.min(picked, Math.max(0, n - 1));
  const close = () => setCaret(undefined);
  const moved = (at: number) => {
    setCaret(at);
    setPicked(0);
  };
  const pressed = (event: KeyboardEvent, choose: (suggestion: Suggestion) => void): boolean => {
    if (n === 0) return false;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? n - 1 : 0;
    const chosen = suggestions[active];
    if (step > 0) setPicked((active + step) % n);
    else if (event.key === "Escape") close();
    else if (chosen && ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab")) choose(chosen);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const emojiOf = (code: string) => library?.emojiOf(code);
  return { begun, suggestions, active, close, moved, pressed, emojiOf };
}

const sizesItself = typeof CSS !== "undefined" && CSS.supports?.("field-sizing", "content");

/** As high as its text, where the browser does not do that by itself. */
function useHeight(field: React.RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what makes it higher
  useLayoutEffect(() => {
    const { current } = field;
    if (!current || sizesItself) return;
    current.style.height = "auto";
    current.style.height = `${current.scrollHeight + 2}px`;
  }, [field, text]);
}
