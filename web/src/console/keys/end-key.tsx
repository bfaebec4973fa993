import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import { strings } from "../strings";

const words = strings.keys;

interface Props {
  id: string;
  name: string;
  ended: () => void;
  onClose: () => void;
}

/** Asks before a key is ended, which cannot be undone. */
export function EndKey({ id, name, ended, onClose }: Props) {
  const deed = useDeed(async (rest) => {
    await rest.ask("delete", "/v1/keys/{key}", { path: { key: id } });
    ended();
    onClose();
  });
  return (
    <Confirm
      heading={words.endHeading(name)}
      text={words.endText}
      submit={words.end}
      {...deed}
      onConfirm={deed.run}
      onClose={onClose}
    />
  );
}
