import type { ReactNode } from "react";
import { Button } from "../ui/button";
import { Dialog, DialogButtons } from "../ui/dialog";
import css from "./form.module.css";
import { Trouble } from "./page";
import type { Refusal } from "./rest";
import { strings } from "./strings";

interface Props {
  heading: string;
  text: string;
  /** What the button says that does it. */
  submit: string;
  /** It takes something away that does not come back. */
  destroys?: boolean;
  busy: boolean;
  refusal: Refusal | undefined;
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

/** Asks before something is done. It stays until that is done, or is given up; a refusal is shown in it. */
export function Confirm({
  heading,
  text,
  submit,
  destroys = true,
  busy,
  refusal,
  onConfirm,
  onClose,
  children,
}: Props) {
  return (
    <Dialog title={heading} onClose={onClose} question>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <p>{text}</p>
        {children}
        <Trouble refusal={refusal} />
        <DialogButtons>
          <Button onClick={onClose}>{strings.cancel}</Button>
          <Button type="submit" look={destroys ? "danger" : "primary"} disabled={busy}>
            {submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
