// The schema of the records as a table: every field that can be written, how sensitive it is, and what fills it.

import { css, html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { labelText, type Field } from "./fields.ts";
import { Pane } from "./pane.ts";
import { general } from "./paths.ts";
import type { Explanation } from "./protocol.ts";
import { breakable } from "./style.ts";

type Output = Explanation["outputs"][number];

const SHOWN = { all: "All fields", labelled: "With data usage labels", required: "Required", filled: "Filled by this object", empty: "Not mapped" } as const;

type Shown = keyof typeof SHOWN;

export class SchemaPanel extends Pane {
  static override properties = { ...Pane.properties, shown: { state: true }, search: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      :host { border: 0; border-radius: 0; padding: 10px 14px 0; gap: 8px; }
      .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; font: 13px/18px var(--sans); }
      .about { flex: 1 1 300px; min-width: 0; }
      sp-picker { width: 190px; } sp-search { width: 180px; }
      .fields { flex: 1; min-height: 0; overflow: auto; }
      table { border-collapse: separate; border-spacing: 0; font: 13px/18px var(--sans); width: 100%; table-layout: fixed; }
      th { position: sticky; top: 0; background: var(--surface); font: 600 12px/18px var(--sans); color: var(--quiet); }
      td, th { text-align: start; padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      th.type { width: 92px; } th.labels { width: 120px; } th.by { width: 28%; }
      td code { font-size: 12px; }
      .clamped { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
    `,
  ];

  private declare shown: Shown;
  private declare search: string;

  constructor() {
    super();
    this.shown = "all";
    this.search = "";
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const schema = session.library?.schemas.find((each) => each.name === session.model?.dataset);
    const outputs = new Map<string, Output>();
    for (const output of session.explanation?.outputs ?? []) outputs.set(general(output.destination), output);
    const all = [...session.fields.values()];
    const fields = all.filter((field) => this.passes(field, outputs.get(general(field.destination))));
    return html`
      <div class="row">
        <span class="about"><b>${schema?.title ?? ""}</b> <span class="quiet">${schema?.description ?? ""}</span></span>
        <span class="quiet" role="status">${fields.length === all.length ? all.length : `${fields.length} of ${all.length}`} fields</span>
        <sp-search size="s" label="Find fields" placeholder="Find" @input=${this.onSearch} @change=${this.onSearch} @submit=${(event: Event) => event.preventDefault()}></sp-search>
        <sp-picker size="s" label="Show fields" value=${this.shown} @change=${(event: Event) => (this.shown = (event.target as HTMLElement & { value: Shown }).value)}>
          ${Object.entries(SHOWN).map(([name, text]) => html`<sp-menu-item value=${name}>${text}</sp-menu-item>`)}
        </sp-picker>
      </div>
      <div class="fields" tabindex="0" role="region" aria-label="Fields of the schema">
        <table>
          <thead><tr><th scope="col">Field</th><th scope="col">Means</th><th scope="col" class="type">Type</th><th scope="col" class="labels">Labels</th><th scope="col" class="by">Filled by</th></tr></thead>
          <tbody>${fields.map((field) => this.line(field, outputs.get(general(field.destination))))}</tbody>
        </table>
        ${fields.length === 0 ? html`<p class="quiet">No field is like that. Change the filter.</p>` : nothing}
      </div>
    `;
  }

  private line(field: Field, output: Output | undefined): unknown {
    const { session } = this;
    return guard([field, output?.source, output?.present], () => html`<tr>
      <td><button class="link" @click=${() => session.point({ pane: "record", path: field.destination })}><code>${breakable(field.destination)}</code></button></td>
      <td>${field.title}${field.description === "" ? nothing : html`<span class="quiet clamped" title=${field.description}>${field.description}</span>`}</td>
      <td>${field.type}${field.required ? html`<br /><span class="chip informative">required</span>` : nothing}</td>
      <td>${field.labels.map((label) => html`<span class="chip neutral" title=${labelText(label)}>${label}</span> `)}</td>
      <td>${output === undefined
        ? html`<span class="quiet">nothing</span> <button class="link" aria-label=${`Map to ${field.destination}`} @click=${() => this.map(field)}>map</button>`
        : html`<code class="clamped" title=${output.source}>${breakable(output.source)}</code>${output.present === true ? html` <span class="chip positive">filled</span>` : nothing}`}</td>
    </tr>`);
  }

  private map(field: Field): void {
    this.session.addRow(field.destination);
    this.dispatchEvent(new CustomEvent("edit-row", { bubbles: true, composed: true }));
  }

  private passes(field: Field, output: Output | undefined): boolean {
    const text = `${field.destination} ${field.title} ${field.description} ${field.labels.join(" ")}`.toLowerCase();
    if (!this.search.toLowerCase().split(/\s+/).every((word) => text.includes(word))) return false;
    switch (this.shown) {
      case "all": return true;
      case "labelled": return field.labels.length > 0;
      case "required": return field.required;
      case "filled": return output?.present === true;
      case "empty": return output === undefined;
    }
  }

  private onSearch(event: Event): void {
    this.search = (event.target as HTMLElement & { value: string }).value;
  }
}

customElements.define("schema-panel", SchemaPanel);
