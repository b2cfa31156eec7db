// The mappings as a table: what is read, how, and where it is written. Selecting a line shows both ends; the
// switch leaves a mapping out.

import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import type { Row } from "./draft.ts";
import { badges, labelText } from "./fields.ts";
import { Pane } from "./pane.ts";
import type { Explanation } from "./protocol.ts";

type Output = Explanation["outputs"][number];

const FILTERS = {
  all: "All",
  present: "Gives a value",
  changed: "Changed or added",
  wrong: "With mistakes",
  personal: "Personal data",
  money: "Money",
  out: "Left out",
} as const;

type Filter = keyof typeof FILTERS;

export class MappingsPane extends Pane {
  static override properties = { ...Pane.properties, search: { state: true }, filter: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      sp-search { width: 140px; --mod-search-min-inline-size: 100px; } sp-picker { width: 130px; }
      table, thead, tbody { display: block; width: 100%; font: 13px/18px var(--sans); }
      tr { display: grid; grid-template-columns: 40px minmax(0, 1fr) minmax(0, 40%) 112px; align-items: stretch; border-bottom: 1px solid var(--line); }
      /* Hundreds of lines, of which some dozens are seen: the others are neither laid out nor painted. */
      tbody tr { content-visibility: auto; contain-intrinsic-block-size: auto 27px; }
      thead { position: sticky; top: 0; z-index: 1; background: var(--surface); }
      th { text-align: start; font: 600 12px/18px var(--sans); color: var(--quiet); padding: 6px 8px; }
      td { padding: 4px 8px; min-width: 0; align-content: center; }
      th.switch, td.switch { padding-inline: 12px 4px; }
      tr { cursor: pointer; outline-offset: -2px; }
      tbody tr:hover td { background: var(--hover); }
      tbody tr.related td { background: var(--related); } tbody tr.chosen td, tbody tr.chosen:hover td { background: var(--chosen); }
      tr:focus-visible { outline: 2px solid var(--focus); }
      tr.related td:first-child { box-shadow: inset 3px 0 var(--related-edge); } tr.chosen td:first-child { box-shadow: inset 3px 0 var(--focus); }
      .text { display: block; font: 12px/17px var(--mono); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
      .to .text { direction: rtl; text-align: left; } .to bdi { unicode-bidi: isolate; direction: ltr; }
      .static::before { content: "“"; } .static::after { content: "”"; }
      tr.off .text, tr.out .text { text-decoration: line-through; color: var(--quiet); }
      tr.absent .text { color: var(--quiet); }
      .mistake { color: var(--negative-fg); font: 12px/16px var(--sans); white-space: normal; display: block; }
      td.marks { white-space: nowrap; text-align: end; overflow: hidden; }
      .none { padding: 24px; text-align: center; }
      input[type="checkbox"] { accent-color: var(--focus); width: 16px; height: 16px; margin: 0; vertical-align: middle; }
    `,
  ];

  private declare search: string;
  private declare filter: Filter;

  constructor() {
    super();
    this.search = "";
    this.filter = "all";
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("version")) return;
    const { selection } = this.session;
    const key = JSON.stringify(selection) + (this.session.focus ?? "");
    if (key === this.shown) return;
    this.shown = key;
    this.renderRoot.querySelector("tr.chosen, tr.related")?.scrollIntoView({ block: "nearest" });
  }

  private shown = "";

  protected override render(): TemplateResult {
    const { session } = this;
    const outputs = new Map<string, Output>();
    for (const output of session.explanation?.outputs ?? []) outputs.set(output.destination, output);
    const out = new Map((session.explanation?.leftOut ?? []).map((each) => [each.destination, each.reason]));
    const table = session.table.filter((row) => this.passes(row, outputs.get(row.mapping.destination), out));
    const first = table.find((row) => row.id === session.focus) ?? table[0];
    return html`
      <header>
        <h2>Mappings</h2>
        <span class="quiet" role="status">${table.length === session.table.length ? table.length : `${table.length} of ${session.table.length}`}</span>
        <span class="grow"></span>
        <sp-search size="s" label="Find mappings" placeholder="Find" @input=${this.onSearch} @submit=${(event: Event) => event.preventDefault()} @change=${this.onSearch}></sp-search>
        <sp-picker size="s" label="Show" value=${this.filter} @change=${this.onFilter}>
          ${Object.entries(FILTERS).map(([name, text]) => html`<sp-menu-item value=${name}>${text}</sp-menu-item>`)}
        </sp-picker>
        <sp-action-button size="s" label="Add a mapping" title="Add a mapping (Alt+N)" @click=${() => session.addRow()}>Add</sp-action-button>
      </header>
      <div class="body">
        <table role="grid" aria-label="Mappings" aria-multiselectable="true" @keydown=${this.onKey}>
          <thead>
            <tr role="row">
              <th role="columnheader" class="switch" scope="col"><span title="Written or left out">On</span></th>
              <th role="columnheader" scope="col">Source</th>
              <th role="columnheader" scope="col" class="to">Destination</th>
              <th role="columnheader" scope="col" class="marks">Kind</th>
            </tr>
          </thead>
          <tbody>
            ${repeat(table, (row) => row.id, (row) => this.row(row, outputs.get(row.mapping.destination), out.get(row.mapping.destination), row === first))}
          </tbody>
        </table>
        ${table.length === 0 ? html`<p class="none quiet">No mapping is like that. Change the filter, or add one.</p>` : nothing}
      </div>
    `;
  }

  private row(row: Row, output: Output | undefined, reason: string | undefined, first: boolean): unknown {
    const { session } = this;
    const { mapping } = row;
    const mistakes = session.mistakes[row.id] ?? [];
    const chosen = session.focus === row.id && (session.selection === undefined || session.selection.pane === "mapping");
    const related = !chosen && session.selection?.pane !== "mapping" && session.related.destinations.has(mapping.destination);
    const field = session.fieldOf(mapping.destination);
    const state = [row.state, chosen ? "chosen" : "", related ? "related" : "", reason === undefined ? "" : "out", output?.present === true ? "" : "absent"].join(" ");
    // Hundreds of lines, of which a keystroke changes one.
    return guard([mapping, state, first, JSON.stringify(mistakes), reason, field], () => html`<tr role="row" class=${state} data-row=${row.id} tabindex=${first ? 0 : -1} aria-selected=${chosen || related} @click=${() => this.choose(row.id)}>
      <td role="gridcell" class="switch">
        <input type="checkbox" tabindex="-1" aria-label=${`Write ${mapping.destination}`} .checked=${row.state !== "off"}
          @click=${(event: Event) => event.stopPropagation()}
          @change=${(event: Event) => session.switchRow(row.id, (event.target as HTMLInputElement).checked)} />
      </td>
      <td role="gridcell">
        <span class="text ${mapping.sourceType === "STATIC" ? "static" : ""}" title=${mapping.source}>${mapping.source === "" ? "(nothing yet)" : mapping.source}</span>
        ${mistakes.map((mistake) => html`<span class="mistake">${mistake.column === undefined ? "" : `at ${mistake.line === 1 ? "" : `line ${mistake.line}, `}column ${mistake.column}: `}${mistake.message}</span>`)}
      </td>
      <td role="gridcell" class="to"><span class="text" title=${reason ?? mapping.destination}><bdi>${mapping.destination === "" ? "(nowhere yet)" : mapping.destination}</bdi></span></td>
      <td role="gridcell" class="marks">
        ${row.state === "changed" ? html`<span class="chip informative">changed</span>` : row.state === "added" ? html`<span class="chip informative">added</span>` : nothing}
        ${reason === undefined ? nothing : html`<span class="chip neutral" title=${reason}>policy</span>`}
        ${badges(mapping, field).slice(0, row.state === "changed" || row.state === "added" || reason !== undefined ? 0 : 1).map((badge) => html`<span class="chip ${badge.kind}" title=${badge.why}>${badge.text}</span>`)}
        ${field?.labels.slice(0, 1).map((label) => html`<span class="chip neutral" title=${labelText(label)}>${label}</span>`) ?? nothing}
      </td>
    </tr>`);
  }

  private passes(row: Row, output: Output | undefined, out: ReadonlyMap<string, string>): boolean {
    const { mapping } = row;
    const words = this.search.toLowerCase().split(/\s+/);
    const text = `${mapping.source} ${mapping.destination} ${mapping.type ?? ""}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
    const kinds = (): string[] => badges(mapping, this.session.fieldOf(mapping.destination)).map((badge) => badge.kind);
    switch (this.filter) {
      case "all": return true;
      case "present": return output?.present === true;
      case "changed": return row.state !== "default" && row.state !== "own";
      case "wrong": return this.session.mistakes[row.id] !== undefined;
      case "personal": return kinds().includes("person");
      case "money": return kinds().includes("money");
      case "out": return row.state === "off" || out.has(mapping.destination);
    }
  }

  private choose(id: string): void {
    const row = this.session.row(id);
    if (row === undefined) return;
    const reads = this.session.explanation?.outputs.find((output) => output.destination === row.mapping.destination)?.reads;
    this.session.point({ pane: "mapping", id: row.id, destination: row.mapping.destination, ...(reads === undefined ? {} : { reads }) });
  }

  private onSearch(event: Event): void {
    this.search = (event.target as HTMLElement & { value: string }).value;
  }

  private onFilter(event: Event): void {
    this.filter = (event.target as HTMLElement & { value: Filter }).value;
  }

  /** Moves the line itself. */
  private async move(event: KeyboardEvent, line: HTMLElement): Promise<void> {
    const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : undefined;
    const id = line.dataset["row"];
    if (by === undefined || id === undefined) return;
    event.preventDefault();
    this.session.moveRow(id, by);
    this.requestUpdate();
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`tbody tr[data-row="${CSS.escape(id)}"]`)?.focus();
  }

  /** Arrows move, Enter edits, space switches. */
  private async onKey(event: KeyboardEvent): Promise<void> {
    const target = (event.target as HTMLElement).closest<HTMLElement>("tbody tr");
    if (target === null || event.ctrlKey || event.metaKey) return;
    if (event.altKey) {
      await this.move(event, target);
      return;
    }
    const lines = [...this.renderRoot.querySelectorAll<HTMLElement>("tbody tr")];
    const at = lines.indexOf(target);
    const row = this.session.row(target.dataset["row"]);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1, PageDown: at + 12, PageUp: at - 12 }[event.key];
    if (to !== undefined) {
      const next = lines[Math.min(Math.max(to, 0), lines.length - 1)];
      for (const line of lines) line.tabIndex = line === next ? 0 : -1;
      next?.focus();
    } else if (row !== undefined && event.key === " ") {
      this.session.switchRow(row.id, row.state === "off");
    } else if (row !== undefined && event.key === "Enter") {
      this.choose(row.id);
      this.dispatchEvent(new CustomEvent("edit-row", { bubbles: true, composed: true }));
    } else {
      return;
    }
    event.preventDefault();
  }
}

customElements.define("mappings-pane", MappingsPane);
