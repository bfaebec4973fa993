import { type FormEvent, useId } from "react";
import { Button } from "../../ui/button";
import { useDeed } from "../asking";
import form from "../form.module.css";
import { Section, Trouble } from "../page";
import { strings } from "../strings";
import { roles } from "./standing";

const words = strings.members;

/** Gives somebody a standing in a channel, who may have none so far. */
export function AddMember({ channel, added }: { channel: string; added: () => void }) {
  const id = useId();
  const { busy, refusal, run } = useDeed(async (rest, user: string, role: (typeof roles)[number]) => {
    await rest.ask("put", "/v1/channels/{channel}/members/{user}", {
      path: { channel, user },
      body: { role },
    });
    added();
  });
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const target = event.currentTarget;
    const fields = new FormData(target);
    const role = roles.find((known) => known === fields.get("role")) ?? "member";
    if (await run(String(fields.get("user")).trim(), role)) target.reset();
  };
  return (
    <Section title={words.add}>
      <form className={form.row} onSubmit={onSubmit}>
        <div className={form.field}>
          <label htmlFor={`${id}-user`}>{words.addUser}</label>
          <input
            id={`${id}-user`}
            name="user"
            required
            autoComplete="off"
            spellCheck={false}
            maxLength={128}
          />
        </div>
        <div className={form.field}>
          <label htmlFor={`${id}-role`}>{words.role}</label>
          <select id={`${id}-role`} name="role" defaultValue="member">
            {roles
              .filter((role) => role !== "")
              .map((role) => (
                <option key={role} value={role}>
                  {words.roles[role]}
                </option>
              ))}
          </select>
        </div>
        <Button type="submit" disabled={busy}>
          {words.addSubmit}
        </Button>
      </form>
      <Trouble refusal={refusal} />
    </Section>
  );
}
