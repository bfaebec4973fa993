import { useAsked } from "./asking";
import css from "./console.module.css";
import type { Rest } from "./rest";
import { strings } from "./strings";

interface Props {
  /** The one that was chosen; empty: none was. */
  chosen: string;
  choose: (project: string) => void;
}

/** The project that is shown. Whoever operates the server chooses it, once there are two. */
export function Project({ chosen, choose }: Props) {
  const { answer } = useAsked("projects", projectsOf);
  if (!answer || answer.all.length < 2) return null;
  return (
    <label className={css.project}>
      <span>{strings.project}</span>
      <select value={chosen || answer.shown} onChange={(event) => choose(event.target.value)}>
        {answer.all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

async function projectsOf(rest: Rest, signal: AbortSignal) {
  const { project: shown, operator, dev } = await rest.ask("get", "/v1/server", { signal });
  // Under --dev everybody is shown the server, and nobody its other projects.
  if (!operator || dev) return { shown, all: [] };
  const { projects } = await rest.ask("get", "/v1/projects", { signal });
  return { shown, all: projects.map(({ name }) => name) };
}
