import { Component, type ReactNode } from "react";
import { strings } from "../strings";
import styles from "./broken.module.css";
import { Button } from "./button";

/** Where what is below it breaks, says so in its place: the rest of the page goes on. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <div className={styles.broken} role="alert">
        <p>{strings.app.broken}</p>
        <Button look="primary" onClick={() => location.reload()}>
          {strings.app.reload}
        </Button>
      </div>
    );
  }
}
