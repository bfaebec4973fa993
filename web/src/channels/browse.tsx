import { useParley } from "@parley/react";
import { Hash, Lock, Plus } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useMemo, useState } from "react";
import type { Go } from "../route";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { Choice, Field } from "../ui/field";
import styles from "./browse.module.css";
import { useInbox, useInboxView } from "./inbox-context";
import list from "./list.module.css";
import { titleOf } from "./row";
import { type ChannelInfo, Channels, channelIdOf } from "./standing";
import { useJoin } from "./use-join";

interface Props {
  onPlace: Go;
  onClose: () => void;
}

/** Finds a channel and joins it, or makes a new one. */
export function Browse({ onPlace, onClose }: Props): ReactNode {
  const [making, setMaking] = useState(false);
  const [filter, setFilter] = useState("");
  const words = strings.channels.browse;
  if (making) return <Make name={filter} onPlace={onPlace} onClose={onClose} />;
  return (
    <Dialog title={words.title} onClose={onClose} wide>
      <Field
        label={words.filter}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={128}
      />
      <Found filter={filter.trim().toLowerCase()} onPlace={onPlace} onClose={onClose} />
      <DialogButtons>
        <Button onClick={() => setMaking(true)}>
          <Plus size={18} aria-hidden="true" />
          {words.make}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

interface Listed {
  /** Those that were asked for so far. */
  all: readonly ChannelInfo[];
  /** That was all of them. */
  whole: boolean;
  /** Asks for more, if there are more. */
  more: (() => void) | undefined;
  error: unknown;
}

/** The channels that there are; more are asked for on demand. */
function useChannels(): Listed {
  const client = useParley();
  const channels = useMemo(() => new Channels(client), [client]);
  const [page, setPage] = useState<string | undefined | null>();
  const [all, setAll] = useState<readonly ChannelInfo[]>([]);
  const [next, setNext] = useState<string | null>(); // null: there are no more
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let over = false;
    channels.page(page ?? undefined).then(
      (got) => {
        if (over) return;
        setAll((before) => [
          ...before.filter((c) => !got.channels.some((g) => g.id === c.id)),
          ...got.channels,
        ]);
        setNext(got.next ?? null);
        setError(undefined);
      },
      (why) => !over && setError(why),
    );
    return () => {
      over = true;
    };
  }, [channels, page]);
  return { all, whole: next === null, more: next ? () => setPage(next) : undefined, error };
}

function Found({ filter, onPlace, onClose }: Props & { filter: string }): ReactNode {
  const { all, whole, more, error } = useChannels();
  const mine = useInboxView().channels;
  const words = strings.channels.browse;
  const found = all.filter(
    (c) =>
      c.kind !== "direct" && (c.id.toLowerCase().includes(filter) || c.title?.toLowerCase().includes(filter)),
  );
  const open = (channelId: string) => {
    onPlace({ at: "channel", channelId });
    onClose();
  };
  return (
    <>
      {error !== undefined && <p role="alert">{errorText(error)}</p>}
      {found.length === 0 && whole && <p className={styles.none}>{words.none}</p>}
      <ul className={list.list}>
        {found.map((channel) => (
          <Row
            key={channel.id}
            channel={channel}
            joined={mine.some((c) => c.id === channel.id)}
            onOpen={() => open(channel.id)}
          />
        ))}
      </ul>
      {more && <Button onClick={more}>{words.more}</Button>}
    </>
  );
}

function Row({
  channel,
  joined,
  onOpen,
}: {
  channel: ChannelInfo;
  joined: boolean;
  onOpen: () => void;
}): ReactNode {
  const join = useJoin(channel.id);
  const words = strings.channels.browse;
  const name = titleOf(channel);
  const Icon = channel.kind === "private" ? Lock : Hash;
  return (
    <li className={list.row}>
      <Icon size={17} aria-hidden="true" className={styles.icon} />
      <span className={styles.name}>
        {name}
        {name !== channel.id && <small>#{channel.id}</small>}
      </span>
      {joined || channel.kind !== "open" ? (
        <Button onClick={onOpen} aria-label={words.openNamed(name)}>
          {words.open}
        </Button>
      ) : (
        <Button
          look="primary"
          aria-label={words.joinNamed(name)}
          onClick={() => void join().then((done) => done && onOpen())}
        >
          {words.join}
        </Button>
      )}
    </li>
  );
}

/** Makes a channel that is its maker's. */
function Make({ name: first, onPlace, onClose }: Props & { name: string }): ReactNode {
  const client = useParley();
  const inbox = useInbox();
  const [name, setName] = useState(first);
  const [kind, setKind] = useState<"open" | "private">("open");
  const [error, setError] = useState<string>();
  const words = strings.channels.make;
  const id = channelIdOf(name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (id === "") {
      setError(words.missing);
      return;
    }
    try {
      const channels = new Channels(client);
      const title = name.trim().replace(/^#+/, "");
      await channels.make(id, title === id ? { kind } : { kind, title });
      if (kind === "open") await channels.join(id).catch(() => {}); // its owner is in it already
      await inbox.reload();
      onPlace({ at: "channel", channelId: id });
      onClose();
    } catch (why) {
      setError(errorText(why));
    }
  };
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <Field
          label={words.name}
          value={name}
          maxLength={80}
          autoComplete="off"
          hint={id === "" ? undefined : words.nameHint(id)}
          error={error}
          onChange={(event) => {
            setName(event.currentTarget.value);
            setError(undefined);
          }}
        />
        <Choice
          legend={words.kind}
          name="kind"
          value={kind}
          onChange={setKind}
          options={[
            { value: "open", label: words.open, hint: words.openHint },
            { value: "private", label: words.private, hint: words.privateHint },
          ]}
        />
        <DialogButtons>
          <Button onClick={onClose}>{strings.app.cancel}</Button>
          <Button type="submit" look="primary">
            {words.submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
