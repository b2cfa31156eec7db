// One mapping in the editor: its source with help as it is typed, what it gives now, and the path that the
// values took.

import { css, html, nothing, type TemplateResult } from "lit";
import { TYPES, type Mapping, type Row } from "./draft.ts";
import type { CodeEditor, Fault } from "./editor.ts";
import { badges, labelText } from "./fields.ts";
import { Pane } from "./pane.ts";
import { at } from "./paths.ts";
import { mends } from "./nearest.ts";
import type { Mistake } from "./protocol.ts";
import { placeOf } from "./provenance.ts";
import { lately } from "./words.ts";

const KINDS: Readonly<Record<Mapping["sourceType"], string>> = {
  ATTRIBUTE: "Field",
  EXPRESSION: "Expression",
  STATIC: "Constant",
};

const NO_FAULTS: readonly Fault[] = [];
const NO_MISTAKES: readonly Mistake[] = [];

export class MappingEditor extends Pane {
  static override styles = [
    ...Pane.styles,
    css`
      :host { border: 0; border-radius: 0; padding: 10px 14px; gap: 10px; overflow: auto; }
      .columns { display: grid; grid-template-columns: minmax(0, 1.45fr) minmax(0, 1fr); gap: 18px; flex: 1; min-height: 0; }
      .fields { display: grid; grid-template-columns: auto 1fr; gap: 8px 10px; align-items: center; align-content: start; }
      .name { font: 600 12px/18px var(--sans); color: var(--quiet); }
      .box { border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
      code-editor.source { min-height: 44px; max-height: 112px; overflow: auto; } code-editor.to { min-height: 28px; }
      .row { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
      .offer { font: 13px/18px var(--sans); } .mistake { color: var(--negative-fg); font: 13px/18px var(--sans); }
      h3 { font: 700 12px/18px var(--sans); color: var(--quiet); margin: 0 0 6px; text-transform: none; }
      .row h3 { margin: 0; } .row sp-picker { width: 128px; }
      ol { list-style: none; margin: 0; padding: 0; display: grid; gap: 4px; font: 13px/19px var(--sans); }
      ol li { display: grid; grid-template-columns: 20px 1fr; gap: 4px; align-items: baseline; }
      .way { color: var(--quiet); text-align: center; }
      .result { font: 600 13px/19px var(--mono); overflow-wrap: anywhere; }
      .hint { max-width: 70ch; }
      .list { display: grid; gap: 3px; margin: 0; padding: 0; list-style: none; }
      .list li { display: grid; grid-template-columns: minmax(0, 1.2fr) 20px minmax(0, 1fr) minmax(0, 0.8fr); gap: 8px; font: 12px/18px var(--mono); }
      .list span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      @media (max-width: 900px) { .columns { grid-template-columns: 1fr; } }
    `,
  ];

  override focus(): void {
    this.renderRoot.querySelector<CodeEditor>("code-editor.source")?.focus();
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const row = session.row(session.focus);
    if (row === undefined || (session.selection !== undefined && session.selection.pane !== "mapping")) return this.selected();
    return this.editor(row);
  }

  /** What belongs to a place that was chosen in the object or in the record. */
  private selected(): TemplateResult {
    const { session } = this;
    const { selection, related } = session;
    if (selection === undefined || selection.pane === "mapping") {
      return html`<p class="hint quiet">Choose a value on the left, a mapping in the middle or a field on the right: what belongs to it lights up, and the path of its value is shown here. A mapping can then be edited; the record follows each keystroke.</p>`;
    }
    const lines = session.table.filter((line) => related.destinations.has(line.mapping.destination));
    const source = selection.pane === "source";
    const record = session.done?.records.find((each) => each.dataset === session.model?.dataset)?.record;
    return html`
      <div class="row">
        <h3>${source ? "From" : "To"}</h3><code>${selection.path}</code>
        <span class="grow"></span>
        ${source ? html`<sp-button size="s" @click=${() => session.mapSource(selection.path)}>Map this</sp-button>` : nothing}
      </div>
      ${lines.length === 0
        ? html`<p class="quiet">${source ? "No mapping reads this." : "No single mapping writes this."}</p>`
        : html`<ul class="list" aria-label="Mappings that belong to it">
            ${lines.map((line) => html`<li><span title=${line.mapping.source}>${line.mapping.source}</span><span class="way">→</span>
              <span><button class="link" @click=${() => session.point({ pane: "mapping", id: line.id, destination: line.mapping.destination })}>${line.mapping.destination}</button></span>
              <span class="quiet" title="What the record has there">${written(at(record, line.mapping.destination))}</span></li>`)}
          </ul>`}
    `;
  }

  private editor(row: Row): TemplateResult {
    const { session } = this;
    const { mapping } = row;
    const mistakes = session.mistakes[row.id] ?? NO_MISTAKES;
    const field = session.fieldOf(mapping.destination);
    const marks = badges(mapping, field);
    // What the default says is right, whether this object has it or not.
    const offers = row.state === "default" ? [] : this.offers(mapping, mistakes, session.sourcePaths, session.fields);
    return html`
      <div class="columns">
        <div class="fields">
          <span class="name" id="kind">Kind</span>
          <div class="row">
            <sp-action-group size="s" compact selects="single" label="Kind of source" .selected=${[mapping.sourceType]} @change=${(event: Event) => this.onKind(event, row)}>
              ${Object.entries(KINDS).map(([kind, text]) => html`<sp-action-button value=${kind}>${text}</sp-action-button>`)}
            </sp-action-group>
            <sp-picker size="s" label="Type" value=${mapping.type ?? "string"} @change=${(event: Event) => session.editRow(row.id, { type: (event.target as HTMLElement & { value: string }).value })}>
              ${TYPES.map((type) => html`<sp-menu-item value=${type}>${type}</sp-menu-item>`)}
            </sp-picker>
            <span class="grow"></span>
            ${row.state === "added" || row.state === "own" || (row.state === "off" && row.original === undefined)
              ? html`<sp-action-button size="s" quiet label="Earlier" title="Move up (Alt+↑): the later of two to one field wins" @click=${() => session.moveRow(row.id, -1)}>↑</sp-action-button>
                  <sp-action-button size="s" quiet label="Later" title="Move down (Alt+↓)" @click=${() => session.moveRow(row.id, 1)}>↓</sp-action-button>
                  <sp-action-button size="s" label="Remove this mapping" @click=${() => session.revertRow(row.id)}>Remove</sp-action-button>`
              : nothing}
            ${row.original !== undefined && row.state !== "default"
              ? html`<sp-action-button size="s" label="As the default has it" @click=${() => session.revertRow(row.id)}>Revert</sp-action-button>`
              : nothing}
            <sp-switch size="s" .checked=${row.state !== "off"} @change=${(event: Event) => session.switchRow(row.id, (event.target as HTMLElement & { checked: boolean }).checked)}>Written</sp-switch>
          </div>
          <span class="name">Source</span>
          <div class="box">
            <code-editor class="source" label="Source of the mapping" hint=${mapping.sourceType === "STATIC" ? "A text" : "A field such as amount, or upper(currency)"}
              language=${mapping.sourceType === "STATIC" ? "text" : "expression"} .value=${mapping.source} .words=${session.words} .faults=${this.faults(mistakes, mapping.source)}
              @edit=${(event: CustomEvent<string>) => session.editRow(row.id, { source: event.detail })}></code-editor>
          </div>
          <span class="name">Destination</span>
          <div class="box">
            <code-editor class="to" label="Destination of the mapping" language="text" hint="_acme.…" .value=${mapping.destination} .words=${session.destinations} .faults=${NO_FAULTS}
              @edit=${(event: CustomEvent<string>) => session.editRow(row.id, { destination: event.detail })}></code-editor>
          </div>
          ${mistakes.map((mistake) => html`<span></span><span class="mistake" role="alert">${mistake.message}</span>`)}
          ${offers.map(({ says, write, part }) => html`<span></span><span class="offer">${says} <button class="link" @click=${() => session.editRow(row.id, part)}>Write ${write}</button></span>`)}
          ${field === undefined
            ? nothing
            : html`<span class="name">Field</span><span>${field.title || mapping.destination} <span class="quiet">${field.type}${field.required ? ", required" : ""}</span>
                ${marks.map((badge) => html` <span class="chip ${badge.kind}" title=${badge.why}>${badge.text}</span>`)}
                ${field.labels.map((label) => html` <span class="chip neutral" title=${labelText(label)}>${label}</span>`)}
                ${field.description === "" ? nothing : html`<br /><span class="quiet">${field.description}</span>`}</span>`}
        </div>
        <div>${this.path(row)}</div>
      </div>
    `;
  }

  /** The path that a value took: fields, mapping, result. */
  private path(row: Row): TemplateResult {
    const { session } = this;
    const { mapping } = row;
    const output = session.explanation?.outputs.find((each) => each.destination === mapping.destination);
    const reads = (output?.reads ?? []).filter((path) => !path.startsWith("_"));
    const { value } = session;
    const result = session.mistakes[row.id] !== undefined
      ? html`<span class="mistake">no value until the mistake is mended</span>`
      : value === undefined
        ? nothing
        : "error" in value
          ? html`<span class="mistake">${value.error}</span>`
          : html`<span class="result">${value.json === "" ? "nothing: the field is left out" : value.json}</span>`;
    return html`<h3>The path of the value</h3>
      <ol>
        ${reads.map((path) => {
          const place = placeOf(path, session.root);
          const found = place === undefined ? undefined : at(session.object, place);
          return html`<li><span class="way">•</span><span><button class="link" @click=${() => session.point({ pane: "source", path })}>${path}</button> <code>${found === undefined ? "not there" : written(found)}</code></span></li>`;
        })}
        <li><span class="way">ƒ</span><code>${mapping.source.length > 160 ? `${mapping.source.slice(0, 160)}…` : mapping.source}</code></li>
        <li><span class="way">=</span><span role="status">${result}</span></li>
        <li><span class="way">→</span><button class="link" @click=${() => session.point({ pane: "record", path: mapping.destination })}>${mapping.destination}</button></li>
      </ol>`;
  }

  private readonly offers = lately(mends);
  private readonly faults = lately(faults);

  private onKind(event: Event, row: Row): void {
    const [kind] = (event.target as HTMLElement & { selected: string[] }).selected;
    if (kind === "ATTRIBUTE" || kind === "EXPRESSION" || kind === "STATIC") this.session.editRow(row.id, { sourceType: kind });
  }
}

/** A value on one line; nothing for none. */
function written(value: unknown): string {
  if (value === undefined) return "";
  if (value !== null && typeof value === "object") return Array.isArray(value) ? `[${value.length}]` : "{…}";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** Places as offsets into the source. */
function faults(mistakes: readonly Mistake[], source: string): readonly Fault[] {
  if (mistakes.length === 0) return NO_FAULTS;
  return mistakes.flatMap(({ line, column, message, inDestination }) => {
    if (inDestination) return [];
    if (line === undefined || column === undefined) return [{ from: 0, to: source.length, message }];
    const lines = source.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    // The module counts characters, the editor UTF-16 units.
    const units = [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
    const from = before + units;
    const word = /^\w+/.exec(source.slice(from))?.[0].length ?? 1;
    // At the end there is nothing to underline but what comes before.
    return [from >= source.length ? { from: Math.max(0, source.length - 1), to: source.length, message } : { from, to: from + word, message }];
  });
}

customElements.define("mapping-editor", MappingEditor);
