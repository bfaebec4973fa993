import type { Client } from "@parley/client";
import { useParley } from "@parley/react";
import { type ReactNode, useId, useState } from "react";
import { errorCode } from "../errors";
import { useSession } from "../session/context";
import { userIdOf } from "../session/credentials";
import { errorText, strings } from "../strings";
import { Field } from "../ui/field";
import { usePeople } from "./inbox-context";
import { nameOf, type Person } from "./people";

/** Who goes by a name: `user` where that is one, else those who may be meant. */
export interface Meant {
  readonly user?: string;
  readonly others: readonly string[];
}

/**
 * Whom a text means. An id is one person's, but anybody may take any name: a name counts where no id
 * is written so, and a single one of those who were met goes by it.
 */
export async function whoIs(
  client: Pick<Client, "getPresence">,
  met: readonly Person[],
  name: string,
  id: string,
): Promise<Meant> {
  try {
    await client.getPresence(id);
    return { user: id, others: [] };
  } catch (error) {
    if (errorCode(error) !== "not_found") throw error;
  }
  const others = met.filter((p) => p.userName?.toLowerCase() === name.toLowerCase()).map((p) => p.userId);
  const [user] = others;
  return others.length === 1 && user !== undefined ? { user, others: [] } : { others };
}

/** A field in which somebody is named. */
export interface Naming {
  readonly text: string;
  readonly error: string | undefined;
  /** Nobody of that name has been here, which was said: whoever asks again means it. */
  readonly doubted: boolean;
  readonly change: (text: string) => void;
  readonly refuse: (why: string) => void;
  /** The user who is meant; undefined: that is not known, and the field says why. */
  readonly find: () => Promise<string | undefined>;
}

export function useNaming(): Naming {
  const client = useParley();
  const people = usePeople();
  const { dev } = useSession();
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [nobody, setNobody] = useState<string>();
  const words = strings.channels.begin;
  const name = text.trim().replace(/^@/, "");
  const id = dev ? userIdOf(name) : name;

  const find = async () => {
    if (id === nobody) return id;
    if (id === "") {
      setError(words.missing);
      return undefined;
    }
    try {
      const { user, others } = await whoIs(client, people.known, name, id);
      if (user !== undefined) return user;
      setError(others.length > 0 ? words.several(others) : words.unknown(id));
      if (others.length === 0) setNobody(id);
    } catch (why) {
      setError(errorText(why));
    }
    return undefined;
  };
  const change = (next: string) => {
    setText(next);
    setError(undefined);
  };
  return { text, error, doubted: id === nobody, change, refuse: setError, find };
}

/** The field, with those who were met to choose from. */
export function PersonField({ naming, label }: { naming: Naming; label: string }): ReactNode {
  const list = useId();
  const { userId: me } = useParley();
  const people = usePeople().known.filter((p) => p.userId !== me);
  return (
    <>
      <Field
        label={label}
        value={naming.text}
        error={naming.error}
        list={list}
        maxLength={128}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        onChange={(event) => naming.change(event.currentTarget.value)}
      />
      <datalist id={list}>
        {people.map((person) => (
          <option key={person.userId} value={person.userId}>
            {nameOf(person)}
          </option>
        ))}
      </datalist>
    </>
  );
}
