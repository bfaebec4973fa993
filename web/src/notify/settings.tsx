import { type ReactNode, useId, useSyncExternalStore } from "react";
import { errorText, strings } from "../strings";
import { Button } from "../ui/button";
import { Choice } from "../ui/field";
import type { Mode } from "./choices";
import styles from "./settings.module.css";
import { useNotifier } from "./use-notifications";

const modes: readonly Mode[] = ["all", "mentions", "none"];

/** What the user is told of, and whether this device tells them. */
export function NotifySettings({
  channels,
  name,
}: {
  channels: readonly string[];
  /** How a channel is called. */
  name: (channelId: string) => ReactNode;
}): ReactNode {
  return (
    <>
      <ThisDevice />
      <Usual />
      {channels.length > 0 && <PerChannel channels={channels} name={name} />}
    </>
  );
}

function ThisDevice(): ReactNode {
  const { device } = useNotifier();
  const { state, push, busy } = useSyncExternalStore(device.subscribe, device.snapshot);
  const words = strings.notify;
  return (
    <div className={styles.device}>
      <p role="status">{state === "on" ? (push ? words.onAndPushed : words.on) : words[state]}</p>
      {state === "off" && (
        <Button look="primary" disabled={busy} onClick={() => void device.turnOn()}>
          {words.turnOn}
        </Button>
      )}
      {state === "on" && <Button onClick={() => void device.turnOff()}>{words.turnOff}</Button>}
    </div>
  );
}

function Usual(): ReactNode {
  const { choices } = useNotifier();
  const { usual, error } = useSyncExternalStore(choices.subscribe, choices.snapshot);
  const words = strings.notify;
  if (error?.code === "not_found") return null; // this server keeps no choices
  return (
    <>
      <Choice
        legend={words.what}
        name="notify"
        value={usual}
        onChange={(mode) => void choices.chooseUsual(mode)}
        options={modes.map((mode) => ({ value: mode, label: words.modes[mode], hint: words.hints[mode] }))}
      />
      {error && <p role="alert">{errorText(error)}</p>}
    </>
  );
}

function PerChannel({
  channels,
  name,
}: {
  channels: readonly string[];
  name: (channelId: string) => ReactNode;
}): ReactNode {
  const { choices } = useNotifier();
  const view = useSyncExternalStore(choices.subscribe, choices.snapshot);
  const words = strings.notify;
  if (view.error?.code === "not_found") return null;
  return (
    <details className={styles.channels} open={view.channels.size > 0}>
      <summary>{words.perChannel}</summary>
      <ul>
        {channels.map((id) => (
          <li key={id}>
            <ChannelChoice
              name={name(id)}
              value={view.channels.get(id)}
              onChange={(mode) => void choices.choose(id, mode)}
            />
          </li>
        ))}
      </ul>
    </details>
  );
}

function ChannelChoice({
  name,
  value,
  onChange,
}: {
  name: ReactNode;
  value: Mode | undefined;
  onChange: (mode: Mode | undefined) => void;
}): ReactNode {
  const id = useId();
  const words = strings.notify;
  return (
    <>
      <label htmlFor={id}>{name}</label>
      <select
        id={id}
        value={value ?? ""}
        onChange={(event) => onChange(modes.find((mode) => mode === event.currentTarget.value))}
      >
        <option value="">{words.usual}</option>
        {modes.map((mode) => (
          <option key={mode} value={mode}>
            {words.ofChannel[mode]}
          </option>
        ))}
      </select>
    </>
  );
}
