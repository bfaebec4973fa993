import { useState } from "react";
import { Button } from "../../ui/button";
import { useDeed } from "../asking";
import { Confirm } from "../confirm";
import form from "../form.module.css";
import { Section } from "../page";
import { hashOf } from "../route";
import { strings } from "../strings";

const words = strings.deletion;

/** Deletes a channel with all that is in it, once that was said twice; then goes to the list. */
export function DeleteChannel({ id, direct }: { id: string; direct: boolean }) {
  const [asking, setAsking] = useState(false);
  const deed = useDeed(async (rest) => {
    await rest.ask("delete", "/v1/channels/{channel}", { path: { channel: id } });
    location.hash = hashOf({ page: "channels" });
  });
  return (
    <Section title={words.heading}>
      <div className={form.form}>
        <p className={form.hint}>{direct ? words.textDirect : words.text}</p>
        <div>
          <Button look="danger" onClick={() => setAsking(true)}>
            {words.ask}
          </Button>
        </div>
      </div>
      {asking && (
        <Confirm
          heading={words.confirm(id)}
          text={words.confirmText}
          submit={words.submit}
          {...deed}
          onConfirm={deed.run}
          onClose={() => setAsking(false)}
        />
      )}
    </Section>
  );
}
