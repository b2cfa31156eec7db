// What is asked and told in front of the page.

import { html, nothing, type TemplateResult } from "lit";
import type { OpenedSet } from "./exchange.ts";
import type { Gives } from "./protocol.ts";
import { breakable } from "./style.ts";

export type Dialog =
  | { kind: "share" }
  | { kind: "adobe"; exported: Gives<"export"> }
  | { kind: "set"; set: OpenedSet }
  | { kind: "keys" };

const KEYS: [string, string][] = [
  ["Alt+1, 2, 3, 4", "object, mappings, record, details"],
  ["Arrow keys", "move in trees and table"],
  ["Enter", "point at a value; edit a mapping"],
  ["Space", "switch a mapping on or off"],
  ["Alt+↑, Alt+↓", "move an added mapping; the later of two to one field wins"],
  ["Ctrl+Space", "complete in an editor"],
  ["Alt+N", "add a mapping"],
  ["Alt+F", "find a mapping"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo and redo outside of editors"],
  ["Escape", "point at nothing"],
];

/** What may become of a mapping, what needs looking at first. */
const OUTCOMES = [
  ["left_out", "left out"],
  ["approximated", "approximated"],
  ["lowered", "rewritten"],
] as const;

/** What the buttons of a dialog do. */
export interface Deeds {
  model: string;
  close: () => void;
  share: () => void;
  saveForAdobe: (exported: Gives<"export">) => void;
  take: (set: OpenedSet, replace: boolean) => void;
}

export function inside(dialog: Dialog, { model, close, share, saveForAdobe, take }: Deeds): TemplateResult {
  const cancel = (text: string): TemplateResult => html`<sp-button size="m" variant="secondary" treatment="outline" @click=${close}>${text}</sp-button>`;
  const then = (act: () => void) => (): void => {
    close();
    act();
  };
  switch (dialog.kind) {
    case "share":
      return html`<h2 id="dialog-title">Share by address</h2>
        <p>The address holds your changes to <b>${model}</b>: expressions, constants and destinations, readable for whoever gets it. It stands in the part after <code>#</code>, which browsers do not send to servers; chats and mail that you paste it into do see it.</p>
        <p>Objects, records and settings do not travel. Look whether a constant of yours is a secret.</p>
        <div class="buttons">${cancel("Cancel")}<sp-button size="m" @click=${then(share)}>Copy the address</sp-button></div>`;
    case "adobe": {
      const { counts, notes, report } = dialog.exported;
      return html`<h2 id="dialog-title">Export for Adobe</h2>
        <p>${counts.unchanged} unchanged, ${counts.lowered} rewritten in Adobe's functions, ${counts.approximated} approximated, ${counts.leftOut} left out.</p>
        <div class="list" tabindex="0" role="region" aria-label="What becomes of the mappings"><table class="report"><thead><tr><th scope="col">Field</th><th scope="col" class="outcome">Becomes</th><th scope="col">Why</th></tr></thead><tbody>
          ${OUTCOMES.flatMap(([outcome, words]) => report.filter((each) => each.outcome === outcome).map((each) => html`<tr><td><code>${breakable(each.destination)}</code></td><td>${words}</td><td>${each.reasons?.join("; ") ?? "rewritten in Adobe's functions, with the same result"}</td></tr>`))}
        </tbody></table></div>
        ${notes.length === 0 ? nothing : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
        <div class="buttons">${cancel("Close")}<sp-button size="m" @click=${then(() => saveForAdobe(dialog.exported))}>Save the mapping set</sp-button></div>`;
    }
    case "set": {
      const { set } = dialog;
      return html`<h2 id="dialog-title">Open ${set.name}</h2>
        <p>A mapping set with ${set.mappings.length} ${set.mappings.length === 1 ? "mapping" : "mappings"}. What shall become of the default model <b>${model}</b>?</p>
        <p><b>Lay over it</b>: a mapping to a field that the default writes takes its place, others are added; the rest of the default stays.</p>
        <p><b>Use instead</b>: only what the set maps is written, in its order.</p>
        ${set.problems.length === 0 ? nothing : html`<div class="list" tabindex="0" role="region" aria-label="Mappings that cannot be read"><ul>${set.problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`}
        <div class="buttons">${cancel("Cancel")}
          <sp-button size="m" variant="secondary" @click=${then(() => take(set, true))}>Use instead</sp-button>
          <sp-button size="m" @click=${then(() => take(set, false))}>Lay over it</sp-button></div>`;
    }
    case "keys":
      return html`<h2 id="dialog-title">Keys</h2><table><thead><tr><th scope="col">Key</th><th scope="col">Does</th></tr></thead><tbody>${KEYS.map(([key, does]) => html`<tr><td><code>${key}</code></td><td>${does}</td></tr>`)}</tbody></table>
        <div class="buttons"><sp-button size="m" @click=${close}>Close</sp-button></div>`;
  }
}
