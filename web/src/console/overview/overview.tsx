import { useMemo, useState } from "react";
import { useAsked, usePolled } from "../asking";
import { Moment } from "../moment";
import { Facts, Mark, PageHead, Section, Trouble, Waiting } from "../page";
import type { Schemas } from "../rest";
import { strings } from "../strings";
import { Chart } from "./chart";
import { charts, connectionsChart, doorOf } from "./charts";
import { Now } from "./now";
import css from "./overview.module.css";
import { extended, type Sample } from "./series";

const words = strings.overview;
/** Milliseconds between two questions for the figures. */
const period = 2000;

/** The node: what it is, and, for whom the whole server concerns, what goes on in it. */
export function Overview() {
  const { answer, refusal, busy } = useAsked("server", (rest, signal) =>
    rest.ask("get", "/v1/server", { signal }),
  );
  return (
    <>
      <PageHead title={strings.pages.overview} />
      <Trouble refusal={refusal} />
      {answer ? <Node of={answer} /> : busy && <Waiting />}
      {answer?.whole === true && <Live />}
      {answer?.whole === false && <p>{words.wholeServer}</p>}
    </>
  );
}

function Node({ of: node }: { of: Schemas["ServerInfo"] }) {
  return (
    <Section title={words.server}>
      <Facts
        facts={{
          [words.version]: (
            <>
              {node.version} {node.dev && <Mark tone="warn">--dev</Mark>}
            </>
          ),
          [words.since]: <Moment at={node.since} />,
          [words.epoch]: node.epoch,
          [words.addresses]: node.addresses?.join(", "),
          [words.doors]: node.doors.join("  "),
        }}
      />
    </Section>
  );
}

/** The figures, asked for as long as the page can be seen. */
function Live() {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const refusal = usePolled(
    period,
    (rest, signal) => rest.ask("get", "/v1/server/figures", { signal }),
    (figures) => setSamples((all) => extended(all, { at: new Date(figures.at).getTime() / 1000, figures })),
  );
  const now = samples.at(-1);
  const doors = now?.figures.connections.map(doorOf).join("\n") ?? "";
  const connections = useMemo(() => connectionsChart(doors ? doors.split("\n") : []), [doors]);
  return (
    <>
      {refusal?.code === "unreachable" ? <p role="status">{words.paused}</p> : <Trouble refusal={refusal} />}
      {now ? <Now figures={now.figures} /> : !refusal && <Waiting />}
      {now && (
        <Section title={words.charts}>
          <div className={css.charts}>
            {[connections, ...charts].map((chart) => (
              <Chart key={chart.title} {...chart} samples={samples} />
            ))}
          </div>
        </Section>
      )}
    </>
  );
}
