import { useState } from "react";
import { Button } from "../../ui/button";
import { useAsked, useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import { To } from "../link";
import { Moment } from "../moment";
import { Done, Facts, Mark, PageHead, Section, Trouble, Waiting } from "../page";
import { Refusal, type Rest, type Schemas } from "../rest";
import { Devices } from "../sessions";
import { strings } from "../strings";
import { Blocks } from "./blocks";
import { Inbox } from "./inbox";

const words = strings.users;

/** One user: profile, devices, channels with cursors, blocks; and what ends their connections and tokens. */
export function User({ id }: { id: string }) {
  const profile = useAsked(id, (rest, signal) =>
    rest.ask("get", "/v1/users/{user}", { path: { user: id }, signal }),
  );
  const devices = useAsked(id, (rest, signal) => devicesOf(rest, id, signal));
  return (
    <>
      <PageHead title={id} over={<To place={{ page: "users" }}>{strings.pages.users}</To>}>
        <RevokeAll user={id} />
      </PageHead>
      {profile.refusal?.code === "not_found" ? (
        <p className={form.hint}>{words.unknown}</p>
      ) : (
        <Trouble refusal={profile.refusal} />
      )}
      {profile.answer ? <Profile user={profile.answer} /> : profile.busy && <Waiting />}
      <Section
        title={words.devices}
        acts={<DisconnectAll user={id} devices={devices.answer} done={devices.again} />}
      >
        <Trouble refusal={devices.refusal} />
        <Devices
          caption={strings.sessions.of(id)}
          devices={devices.answer}
          empty={words.noDevices}
          ended={devices.again}
        />
      </Section>
      <Inbox user={id} />
      <Blocks user={id} />
    </>
  );
}

async function devicesOf(rest: Rest, user: string, signal?: AbortSignal) {
  const page = await rest.ask("get", "/v1/users/{user}/sessions", {
    path: { user },
    query: { limit: 1000 },
    signal,
  });
  return page.sessions;
}

function Profile({ user }: { user: Schemas["User"] }) {
  const status = user.status ?? "offline";
  return (
    <Facts
      facts={{
        [words.name]: user.userName || undefined,
        [words.status]: <Mark tone={status === "online" ? "ok" : "warn"}>{words.statuses[status]}</Mark>,
        [words.custom]: user.custom || undefined,
        [words.lastSeen]: user.lastSeen ? <Moment at={user.lastSeen} /> : undefined,
        [words.avatar]: user.avatar || undefined,
        [words.meta]: user.meta && <code>{JSON.stringify(user.meta)}</code>,
      }}
    />
  );
}

interface DisconnectProps {
  user: string;
  devices: Schemas["Session"][] | undefined;
  done: () => void;
}

function DisconnectAll({ user, devices = [], done }: DisconnectProps) {
  const [asking, setAsking] = useState(false);
  const [ended, setEnded] = useState<number>();
  const deed = useDeed(async (rest) => {
    setEnded(await disconnectAll(rest, user));
    setAsking(false);
    done();
  });
  return (
    <div className={form.row}>
      {ended !== undefined && <Done>{words.disconnected(ended)}</Done>}
      <Button onClick={() => setAsking(true)} disabled={devices.length === 0}>
        {words.disconnectAll}
      </Button>
      {asking && (
        <Confirm
          heading={words.confirmDisconnect(user)}
          text={words.confirmDisconnectText}
          submit={words.disconnectAll}
          {...deed}
          onConfirm={deed.run}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** Ends the sessions that there are by now, which may be others than those shown; answers how many. */
async function disconnectAll(rest: Rest, user: string): Promise<number> {
  const sessions = await devicesOf(rest, user);
  const ends = sessions.map(({ id }) =>
    rest.ask("delete", "/v1/sessions/{session}", { path: { session: id } }).then(
      () => 1,
      (err) => {
        if (err instanceof Refusal && err.code === "not_found") return 0; // it ended meanwhile
        throw err;
      },
    ),
  );
  return (await Promise.all(ends)).reduce<number>((sum, n) => sum + n, 0);
}

function RevokeAll({ user }: { user: string }) {
  const [asking, setAsking] = useState(false);
  const [before, setBefore] = useState<string>();
  const deed = useDeed(async (rest) => {
    setBefore((await rest.ask("post", "/v1/tokens/revoke", { body: { userId: user } })).before);
    setAsking(false);
  });
  return (
    <>
      {before && <Done>{words.revoked(new Date(before).toLocaleTimeString())}</Done>}
      <Button look="danger" onClick={() => setAsking(true)}>
        {words.revokeAll}
      </Button>
      {asking && (
        <Confirm
          heading={words.confirmRevoke(user)}
          text={words.confirmRevokeText}
          submit={words.revokeAll}
          {...deed}
          onConfirm={deed.run}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
