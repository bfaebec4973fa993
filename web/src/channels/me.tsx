import { useConnection, useParley } from "@parley/react";
import { LogOut, Settings as SettingsIcon, UserRound } from "lucide-react";
import { type ReactNode, Suspense, useState } from "react";
import { hashOf } from "../route";
import { useSession } from "../session/context";
import { SignOut } from "../session/sign-out";
import { strings } from "../strings";
import { Avatar } from "../ui/avatar";
import { later } from "../ui/later";
import { Menu } from "../ui/menu";
import { usePerson } from "./inbox-context";
import styles from "./me.module.css";
import { nameOf } from "./people";

const Profile = later(
  () => import("./profile"),
  (m) => m.Profile,
);

/** Who the user is, with what concerns themselves. One may leave before the server ever let one in. */
export function Me(): ReactNode {
  const session = useSession();
  const client = useParley();
  useConnection(); // the id is known when the server first lets us in
  const { userId } = client;
  const { who } = session.snapshot();
  const [open, setOpen] = useState<"profile" | "leaving">();
  const words = strings.channels.profile;
  const openProfile = () => setOpen("profile");
  const leave = () => {
    if (client.queued > 0) setOpen("leaving");
    else session.signOut({ discard: false });
  };
  return (
    <div className={styles.me}>
      {userId !== undefined ? (
        <Known userId={userId} onOpen={openProfile} />
      ) : (
        <span className={styles.unknown}>{who?.kind === "name" ? who.name : strings.app.loading}</span>
      )}
      <Menu
        label={strings.settings.menu}
        items={[
          ...(userId !== undefined ? [{ label: words.you, icon: UserRound, onChoose: openProfile }] : []),
          {
            label: strings.settings.title,
            icon: SettingsIcon,
            onChoose: () => {
              location.hash = hashOf({ at: "settings" });
            },
          },
          { label: strings.session.signOut, icon: LogOut, onChoose: leave },
        ]}
      />
      <Suspense>
        {open === "profile" && userId !== undefined && (
          <Profile userId={userId} onClose={() => setOpen(undefined)} />
        )}
      </Suspense>
      {open === "leaving" && <SignOut waiting={client.queued} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function Known({ userId, onOpen }: { userId: string; onOpen: () => void }): ReactNode {
  const person = usePerson(userId);
  return (
    <button type="button" className={styles.who} onClick={onOpen}>
      <span className="unseen">{strings.channels.profile.open}</span>
      <Avatar userId={userId} name={person.userName} status={person.status} size={32} />
      <span className={styles.name}>
        {nameOf(person)}
        {person.custom && <small>{person.custom}</small>}
      </span>
    </button>
  );
}
