import { useId, useState } from "react";
import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import type { Schemas } from "../rest";
import { strings } from "../strings";

const words = strings.keys;
/** For how long a rotated key goes on unless somebody says otherwise: a day. */
const usual = 86_400;

interface Props {
  id: string;
  name: string;
  made: (key: Schemas["MadeKey"]) => void;
  onClose: () => void;
}

/** Has a new key take the place of one, which goes on for a while. */
export function RotateKey({ id: key, name, made, onClose }: Props) {
  const id = useId();
  const [grace, setGrace] = useState<number>(usual);
  const deed = useDeed(async (rest) =>
    made(await rest.ask("post", "/v1/keys/{key}/rotate", { path: { key }, body: { graceSeconds: grace } })),
  );
  return (
    <Confirm
      heading={words.rotateHeading(name)}
      text={words.rotateText}
      submit={words.rotate}
      destroys={false}
      {...deed}
      onConfirm={deed.run}
      onClose={onClose}
    >
      <div className={form.field}>
        <label htmlFor={id}>{words.grace}</label>
        <select id={id} value={grace} onChange={(event) => setGrace(Number(event.target.value))}>
          {words.graces.map(({ seconds, label }) => (
            <option key={seconds} value={seconds}>
              {label}
            </option>
          ))}
        </select>
      </div>
    </Confirm>
  );
}
