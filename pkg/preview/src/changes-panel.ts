// What was changed: against the default model, or between any two versions that were kept.

import { css, html, nothing, type TemplateResult } from "lit";
import { compare, type Difference } from "./compare.ts";
import { emptyDraft, isEmpty, rows, type Mapping, type Row } from "./draft.ts";
import { Pane } from "./pane.ts";
import type { Version } from "./storage.ts";
import { lately } from "./words.ts";

/** The default model, the changes as they are now, or the time of a version. */
type Side = "default" | "now" | string;

export class ChangesPanel extends Pane {
  static override properties = { ...Pane.properties, from: { state: true }, to: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      :host { border: 0; border-radius: 0; padding: 10px 14px; gap: 10px; overflow: auto; }
      .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; font: 13px/18px var(--sans); }
      sp-picker { width: 190px; } sp-textfield { width: 170px; }
      table { border-collapse: collapse; font: 13px/18px var(--sans); width: 100%; table-layout: fixed; }
      td, th { text-align: start; padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      th { font: 600 12px/18px var(--sans); color: var(--quiet); } th.act, td.act { width: 74px; }
      p { margin: 0; }
      ul { list-style: none; margin: 0; padding: 0; display: flex; gap: 6px 18px; flex-wrap: wrap; font: 13px/20px var(--sans); }
      li { display: flex; gap: 6px; align-items: center; }
    `,
  ];

  private declare from: Side;
  private declare to: Side;

  constructor() {
    super();
    this.from = "default";
    this.to = "now";
  }

  private table(side: Side): readonly Row[] {
    const { session } = this;
    const { draft, defaultMappings } = session;
    if (side === "now" || draft === undefined) return session.table;
    const version = session.versions.find((each) => String(each.when) === side);
    return rows(defaultMappings, version?.draft ?? emptyDraft(draft.resource, draft.variant));
  }

  private called(side: Side): string {
    if (side === "now") return "Now";
    return this.session.versions.find((each) => String(each.when) === side)?.name ?? "Default";
  }

  private readonly difference = lately(compare);
  private readonly tables = { from: lately((_side: Side, _version: unknown) => this.table(this.from)), to: lately((_side: Side, _version: unknown) => this.table(this.to)) };

  protected override render(): TemplateResult {
    const { session } = this;
    const { draft } = session;
    if (draft === undefined) return html``;
    const differences = this.difference(this.tables.from(this.from, session.table), this.tables.to(this.to, session.table));
    const present = this.from === "default" && this.to === "now";
    return html`
      <div class="row">
        <span class="quiet">From</span>${this.picker("Compare from", this.from, (side) => (this.from = side))}
        <span class="quiet">to</span>${this.picker("Compare to", this.to, (side) => (this.to = side))}
        <span class="quiet" role="status">${differences.length === 0 ? "no difference" : `${differences.length} ${differences.length === 1 ? "field differs" : "fields differ"}`}</span>
        <span class="grow"></span>
        <sp-textfield size="s" id="name" label="Name of the version" placeholder="Name of a version" @keydown=${(event: KeyboardEvent) => { if (event.key === "Enter") this.keep(); }}></sp-textfield>
        <sp-action-button size="s" label="Keep as a version" @click=${() => this.keep()}>Keep</sp-action-button>
        ${isEmpty(draft) ? nothing : html`<sp-action-button size="s" label="Back to the default" @click=${() => session.put(emptyDraft(draft.resource, draft.variant), "back to the default")}>Back to the default</sp-action-button>`}
      </div>
      ${draft.replace === true && present ? html`<p class="quiet">A set of its own stands in the place of the default model.</p>` : nothing}
      ${isEmpty(draft) && session.versions.length === 0 ? html`<p class="quiet">Nothing is changed yet. What you change is listed here; a version that you keep can be compared with later ones.</p>` : nothing}
      ${differences.length === 0 ? nothing : html`<table>
        <thead><tr><th scope="col">Field</th><th scope="col">${this.called(this.from)}</th><th scope="col">${this.called(this.to)}</th>${present ? html`<th scope="col" class="act">Undo</th>` : nothing}</tr></thead>
        <tbody>${differences.slice(0, 500).map((each) => this.line(each, present))}</tbody></table>`}
      ${this.kept()}
    `;
  }

  private picker(label: string, value: Side, choose: (side: Side) => void): TemplateResult {
    return html`<sp-picker size="s" label=${label} value=${value} @change=${(event: Event) => choose((event.target as HTMLElement & { value: string }).value)}>
      <sp-menu-item value="default">Default</sp-menu-item><sp-menu-item value="now">Now</sp-menu-item>
      ${this.session.versions.map((version) => html`<sp-menu-item value=${String(version.when)}>${version.name}</sp-menu-item>`)}
    </sp-picker>`;
  }

  private line({ destination, before, after }: Difference, present: boolean): TemplateResult {
    const { session } = this;
    const row = session.table.find((each) => each.mapping.destination === destination) ?? session.table.find((each) => each.original?.destination === destination);
    const side = (mapping: Mapping | undefined): TemplateResult =>
      mapping === undefined ? html`<span class="chip neutral">not written</span>` : html`<code>${mapping.source === "" ? "(nothing yet)" : mapping.source}</code>${before?.type !== after?.type && mapping.type !== undefined ? html` <span class="quiet">${mapping.type}</span>` : nothing}`;
    const show = (): void => {
      if (row === undefined) return;
      session.point({ pane: "mapping", id: row.id, destination: row.mapping.destination });
      this.dispatchEvent(new CustomEvent("edit-row", { bubbles: true, composed: true }));
    };
    return html`<tr>
      <td>${row === undefined ? html`<code>${destination}</code>` : html`<button class="link" @click=${show}>${destination || "(nowhere yet)"}</button>`}</td>
      <td>${side(before)}</td><td>${side(after)}</td>
      ${present ? html`<td class="act">${row === undefined ? nothing : html`<sp-action-button size="xs" quiet label=${`Revert ${destination}`} @click=${() => session.revertRow(row.id)}>Revert</sp-action-button>`}</td>` : nothing}
    </tr>`;
  }

  private kept(): TemplateResult | typeof nothing {
    const { session } = this;
    const { versions } = session;
    if (versions.length === 0) return nothing;
    const when = (version: Version): string => new Date(version.when).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
    return html`<ul aria-label="Versions">${versions.map((version) => html`<li>
      <b>${version.name}</b> <span class="quiet">${when(version)}</span>
      <button class="link" aria-label=${`Take ${version.name}`} @click=${() => session.put(version.draft, `take ${version.when}`)}>take</button>
      <button class="link" aria-label=${`Forget ${version.name}`} @click=${() => this.forget(version)}>forget</button>
    </li>`)}</ul>`;
  }

  private keep(): void {
    const field = this.renderRoot.querySelector<HTMLElement & { value: string }>("#name")!;
    const name = field.value.trim() || `Version ${this.session.versions.length + 1}`;
    field.value = "";
    this.session.keepVersion(name);
  }

  private forget(version: Version): void {
    const side = String(version.when);
    if (this.from === side) this.from = "default";
    if (this.to === side) this.to = "now";
    this.session.forgetVersion(version);
  }
}

customElements.define("changes-panel", ChangesPanel);
