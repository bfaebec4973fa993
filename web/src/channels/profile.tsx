import { useParley } from "@parley/react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { useSession } from "../session/context";
import type { Said } from "../session/credentials";
import { errorText, strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import { Choice, Field } from "../ui/field";
import { useToast } from "../ui/toast";
import { usePeople, usePerson } from "./inbox-context";
import { nameOf, type Person } from "./people";
import { presence } from "./presence";
import styles from "./profile.module.css";

export interface ProfileProps {
  userId: string;
  onClose: () => void;
  /** Begins a conversation with them. */
  onMessage?: () => void;
}

/** Who somebody is; one's own can be changed. */
export function Profile({ userId, onClose, onMessage }: ProfileProps): ReactNode {
  const { userId: me } = useParley();
  const person = usePerson(userId);
  const words = strings.channels.profile;
  return (
    <Dialog title={userId === me ? words.you : words.title} onClose={onClose}>
      <div className={styles.who}>
        <Avatar userId={userId} name={person.userName} status={person.status} size={64} />
        <div>
          <p className={styles.name}>{nameOf(person)}</p>
          <p className={styles.note}>{presence(person)}</p>
          {person.custom && userId !== me && <p>{person.custom}</p>}
        </div>
      </div>
      <dl className={styles.facts}>
        <dt>{words.id}</dt>
        <dd>{userId}</dd>
      </dl>
      {userId === me ? (
        <Own key={person.custom} person={person} onClose={onClose} />
      ) : (
        onMessage && (
          <DialogButtons>
            <Button look="primary" onClick={onMessage}>
              {words.message}
            </Button>
          </DialogButtons>
        )
      )}
    </Dialog>
  );
}

type Availability = Said["status"];

function Own({ person, onClose }: { person: Person; onClose: () => void }): ReactNode {
  const client = useParley();
  const session = useSession();
  const people = usePeople();
  const say = useToast();
  const [name, setName] = useState(person.userName ?? "");
  const [custom, setCustom] = useState(person.custom ?? "");
  const [status, setStatus] = useState<Availability>(person.status === "away" ? "away" : "online");
  const [error, setError] = useState<string>();
  const words = strings.channels.profile;
  useEffect(() => setName((now) => now || (person.userName ?? "")), [person.userName]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      if (name.trim() !== (person.userName ?? "")) {
        const path = `/v1/users/${encodeURIComponent(person.userId)}`;
        await client.request("PATCH", path, { body: { userName: name.trim() } });
      }
      session.say({ status, custom: custom.trim() === "" ? null : custom.trim() });
      await people.renew(person.userId);
      say(words.saved);
      onClose();
    } catch (why) {
      setError(errorText(why));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Field
        label={words.name}
        value={name}
        maxLength={64}
        autoComplete="nickname"
        error={error}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Field
        label={words.custom}
        hint={words.customHint}
        value={custom}
        maxLength={80}
        autoComplete="off"
        onChange={(event) => setCustom(event.currentTarget.value)}
      />
      <Choice
        legend={words.status}
        name="status"
        value={status}
        onChange={setStatus}
        options={[
          { value: "online", label: strings.channels.status.online },
          { value: "away", label: strings.channels.status.away },
        ]}
      />
      <DialogButtons>
        <Button onClick={onClose}>{strings.app.cancel}</Button>
        <Button type="submit" look="primary">
          {words.save}
        </Button>
      </DialogButtons>
    </form>
  );
}
