import {
  type Messages,
  useConnection,
  useMessages,
  useParley,
  usePresence,
  useReadReceipts,
  useTyping,
} from "@parley/react";
import { type SubmitEvent, useLayoutEffect, useRef, useState } from "react";
import { hue } from "../page";

type Listed = Messages["messages"][number];

/** A whole conversation: who is here, what is said, and a line to say something on. */
export function Chat({ channel }: { channel: string }) {
  return (
    <>
      <section className="card talk">
        <Log channel={channel} />
        <Typists channel={channel} />
        <Composer channel={channel} />
      </section>
      <section className="card">
        <h2>Here now</h2>
        <People channel={channel} />
        <Connection />
      </section>
    </>
  );
}

function Log({ channel }: { channel: string }) {
  const { messages, hasOlder, loading, loadOlder, retry } = useMessages(channel);
  const { seen, readBy } = useReadReceipts(channel);
  const end = useRef<HTMLLIElement>(null);
  const last = messages.at(-1)?.key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes last is what is to be seen
  useLayoutEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [last]);
  return (
    <div role="log" aria-label="Messages" tabIndex={0}>
      {hasOlder && (
        <button type="button" className="plain" disabled={loading} onClick={loadOlder}>
          Older messages
        </button>
      )}
      <ol>
        {messages.map((message) => (
          <li key={message.key} ref={seen(message)} data-status={message.status}>
            <Name of={message.senderId} /> {message.text ?? <i>deleted</i>}{" "}
            <Status of={message} readBy={readBy(message)} retry={retry} />
          </li>
        ))}
        <li ref={end} aria-hidden="true" />
      </ol>
    </div>
  );
}

function Status({ of, readBy, retry }: { of: Listed; readBy: readonly string[]; retry: Messages["retry"] }) {
  if (of.status === undefined) return null;
  if (of.status === "failed") {
    return (
      <span className="soft">
        not sent: {of.error?.message}{" "}
        <button type="button" className="plain" onClick={() => retry(of.nonce)}>
          Send again
        </button>
      </span>
    );
  }
  return <span className="soft">{readBy.length > 0 ? `read by ${readBy.join(", ")}` : of.status}</span>;
}

function Typists({ channel }: { channel: string }) {
  const { typists } = useTyping(channel);
  const names = typists.map((typist) => typist.userName ?? typist.userId);
  return (
    <p className="typists soft" role="status">
      {names.length > 0 && `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing`}
    </p>
  );
}

function Composer({ channel }: { channel: string }) {
  const { send } = useMessages(channel);
  const { bind } = useTyping(channel);
  const [text, setText] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (text) send(text); // it is in the list at once, and says there if it failed
    setText("");
  };
  return (
    <form onSubmit={submit}>
      <span>
        <label className="unseen" htmlFor="text">
          Message
        </label>
        <input
          id="text"
          placeholder="Message"
          autoComplete="off"
          required
          value={text}
          onChange={(event) => setText(event.target.value)}
          {...bind}
        />
      </span>
      <button type="submit">Send</button>
    </form>
  );
}

function People({ channel }: { channel: string }) {
  const { present } = usePresence(channel);
  const me = useParley().userId;
  return (
    <ul className="people">
      {present.map(({ userId }) => (
        <li key={userId}>
          <Name of={userId} /> {userId === me && "(you)"}
        </li>
      ))}
    </ul>
  );
}

function Connection() {
  const { state, error } = useConnection();
  return (
    <p id="connection" role="status" data-state={state}>
      {state === "connected" ? "Connected" : (error?.message ?? "Connecting")}
    </p>
  );
}

function Name({ of }: { of: string }) {
  return (
    <b className="hue" style={{ "--hue": hue(of) } as React.CSSProperties}>
      {of}
    </b>
  );
}
