// What all panes are: views of one session.

import { LitElement } from "lit";
import type { Session } from "./session.ts";
import { pane } from "./style.ts";

export class Pane extends LitElement {
  static override properties: Record<string, object> = {
    session: { attribute: false },
    /** Grows whenever the session has something new. */
    version: { attribute: false },
  };
  static override styles = [pane];

  declare session: Session;
  declare version: number;
}
