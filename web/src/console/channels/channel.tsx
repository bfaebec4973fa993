import { useAsked } from "../asking";
import { To } from "../link";
import { Moment } from "../moment";
import { Facts, Mark, PageHead, Trouble, Waiting } from "../page";
import type { Schemas } from "../rest";
import { hashOf, type Tab, tabs } from "../route";
import { strings } from "../strings";
import css from "./channel.module.css";
import { DeleteChannel } from "./delete-channel";
import { Log } from "./log";
import { Members } from "./members";
import { Settings } from "./settings";

const words = strings.channels;
type Known = Schemas["Channel"];

/** Every project has it, and it cannot be deleted. */
const broadcast = "broadcast";

/** One channel: its log, its members, its settings. */
export function Channel({ id, tab }: { id: string; tab: Tab }) {
  const { answer, refusal, busy, again } = useAsked(id, (rest, signal) =>
    rest.ask("get", "/v1/channels/{channel}", { path: { channel: id }, signal }),
  );
  return (
    <>
      <PageHead title={id} over={<To place={{ page: "channels" }}>{strings.pages.channels}</To>} />
      <Trouble refusal={refusal} />
      {answer ? <Parts channel={answer} tab={tab} again={again} /> : busy && <Waiting />}
    </>
  );
}

function Parts({ channel, tab, again }: { channel: Known; tab: Tab; again: () => void }) {
  return (
    <>
      <Facts
        facts={{
          [words.kind]: (
            <>
              {words.kinds[channel.kind]} {channel.public && <Mark tone="warn">{words.public}</Mark>}
            </>
          ),
          [strings.settings.title]: channel.title || undefined,
          [words.head]: channel.head,
          [words.created]: <Moment at={channel.createdAt} />,
        }}
      />
      <nav aria-label={words.parts} className={css.tabs}>
        {tabs.map((part) => (
          <a
            key={part}
            href={hashOf({ page: "channel", channel: channel.id, tab: part })}
            aria-current={part === tab ? "page" : undefined}
          >
            {words.tabs[part]}
          </a>
        ))}
      </nav>
      {tab === "log" && <Log channel={channel.id} head={seqOf(channel.head)} moved={again} />}
      {tab === "members" && <Members channel={channel.id} />}
      {tab === "settings" && (
        <>
          <Settings channel={channel} saved={again} />
          {channel.id !== broadcast && <DeleteChannel id={channel.id} direct={channel.kind === "direct"} />}
        </>
      )}
    </>
  );
}

/** The seq of a position, epoch:seq. */
function seqOf(position: string | undefined): number {
  return Number(position?.split(":")[1] ?? 0);
}
