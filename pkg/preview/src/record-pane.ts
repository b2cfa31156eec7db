// The XDM records that the object becomes: which, whether they are what their schemas say, and as what.

import type { Invalid, XdmRecord } from "stripe-xdm";
import { css, html, nothing, type TemplateResult } from "lit";
import { printExact } from "./exact.ts";
import { fromPointer, general } from "./paths.ts";
import { badges } from "./fields.ts";
import { Pane } from "./pane.ts";
import type { Pointed } from "./json-places.ts";
import type { Mark } from "./tree.ts";
import { lately } from "./words.ts";

export class RecordPane extends Pane {
  static override properties = { ...Pane.properties, view: { state: true }, wanted: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      sp-picker { max-width: 200px; }
      .of { display: flex; gap: 8px; align-items: center; padding: 5px 10px 5px 14px; min-height: 32px; border-bottom: 1px solid var(--line); font: 13px/18px var(--sans); flex-wrap: wrap; }
      .state { display: flex; gap: 8px; align-items: center; }
      ul { margin: 0; padding: 8px 14px; list-style: none; max-height: 130px; overflow: auto; border-bottom: 1px solid var(--line); font: 13px/18px var(--sans); flex: none; }
      li { padding: 3px 0; }
    `,
  ];

  private declare view: "tree" | "json";
  /** The dataset that a person wants to see; the model's own otherwise. */
  private declare wanted: string | undefined;

  constructor() {
    super();
    this.view = "tree";
    this.wanted = undefined;
  }

  private get records(): XdmRecord[] {
    return this.session.done?.records ?? [];
  }

  private get chosen(): number {
    const { records } = this;
    const of = (dataset: string | undefined): number => records.findIndex((record) => record.dataset === dataset);
    const index = of(this.wanted);
    if (index >= 0) return index;
    return Math.max(0, of(this.session.model?.dataset));
  }

  protected override updated(): void {
    const { outcome } = this.session;
    if (outcome === this.drawn) return;
    this.drawn = outcome;
    // For whoever measures: from the keystroke until the record is drawn.
    if (outcome !== undefined) performance.measure("record follows", { start: this.session.asked });
  }

  private drawn: unknown;

  protected override render(): TemplateResult {
    const { session, records } = this;
    const record = records[this.chosen];
    return html`
      <header>
        <h2>XDM record</h2>
        <span class="grow"></span>
        <sp-action-group size="s" compact selects="single" label="View of the record" .selected=${[this.view]} @change=${this.onView}>
          <sp-action-button value="tree">Tree</sp-action-button>
          <sp-action-button value="json">JSON</sp-action-button>
        </sp-action-group>
      </header>
      <div class="of">
        ${records.length > 1
          ? html`<sp-picker size="s" label="Record" value=${record?.dataset ?? ""} @change=${this.onDataset}>
              ${records.map((each) => html`<sp-menu-item value=${each.dataset}>${each.dataset}</sp-menu-item>`)}
            </sp-picker>`
          : html`<code class="quiet">${record?.dataset ?? ""}</code>`}
        <span class="grow"></span>
        ${this.verdict(record)}
      </div>
      ${this.problems(record)}
      <div class="body">
        ${record === undefined
          ? nothing
          : this.view === "tree"
            ? html`<value-tree
                label="XDM record"
                .value=${record.record}
                .chosen=${session.selection?.pane === "record" ? session.selection.path : undefined}
                .related=${session.related.destinations}
                .marks=${this.marker()}
                @choose=${(event: CustomEvent<string>) => session.point({ pane: "record", path: event.detail })}
              ></value-tree>`
            : html`<code-editor language="json" readonly label="XDM record as JSON" .value=${this.printed(record.record)} .pointed=${this.pointed(session.selection?.pane === "record" ? session.selection.path : undefined, session.related.destinations)}
                @choose=${(event: CustomEvent<string>) => session.point({ pane: "record", path: event.detail })}></code-editor>`}
      </div>
    `;
  }

  private readonly printed = lately(printExact);
  private readonly pointed = lately((chosen: string | undefined, related: ReadonlySet<string>): Pointed => ({ chosen, related }));

  private get invalid(): Invalid[] {
    return this.session.done?.invalid.filter((each) => each.record === this.chosen) ?? [];
  }

  /** Whether the record is what its schema says. */
  private verdict(record: XdmRecord | undefined): TemplateResult {
    const { session, invalid } = this;
    const { failure, outcome } = session;
    if (failure !== undefined || (outcome !== undefined && outcome.status !== "done")) return html`<span class="chip negative">no record</span>`;
    if (record === undefined) return html`<span class="quiet" role="status">Working…</span>`;
    const warnings = session.done?.warnings ?? [];
    return html`<span class="state" role="status">
      ${session.latency === 0 ? nothing : html`<span class="quiet" id="latency" title="From the last change to this record">${session.latency.toFixed(0)} ms</span>`}
      ${warnings.length > 0 ? html`<span class="chip notice" title=${warnings.map((each) => each.message).join("\n")}>${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}</span>` : nothing}
      ${record.valid === false
        ? html`<span class="chip negative" title="It would be kept back">not valid: ${invalid.length} ${invalid.length === 1 ? "place" : "places"}</span>`
        : html`<span class="chip positive" title="It is what its schema says">valid</span>`}
    </span>`;
  }

  private problems(record: XdmRecord | undefined): TemplateResult | typeof nothing {
    const { session, invalid } = this;
    const { failure, outcome } = session;
    if (failure !== undefined) return html`<div class="problem" role="alert">${failure.message}</div>`;
    if (outcome?.status === "error") return html`<div class="problem" role="alert">${outcome.error.message}</div>`;
    if (outcome?.status === "skipped") return html`<div class="problem" role="alert">No model covers objects of the type ${outcome.type}; they are skipped. These have one: ${[...new Set(session.models.map((each) => each.resource))].join(", ")}.</div>`;
    if (record === undefined || invalid.length === 0) return nothing;
    return html`<ul aria-label="Why the record is not valid">
      ${invalid.map((each) => html`<li><button class="link" @click=${() => session.point({ pane: "record", path: fromPointer(each.pointer, record.record) })}>${fromPointer(each.pointer, record.record)}</button>: ${each.message}</li>`)}
    </ul>`;
  }

  /** Marks for the record as it is: why a place is not valid, and what to notice about it. */
  private marker(): (path: string, value: unknown) => Mark | undefined {
    const record = this.records[this.chosen];
    const wrong = this.invalid.map((each) => ({ path: fromPointer(each.pointer, record?.record), each }));
    const outputs = new Map(this.session.explanation?.outputs.map((output) => [general(output.destination), output]));
    const own = record?.dataset === this.session.model?.dataset;
    return (path, value) => {
      const broken = wrong.find((one) => one.path === path);
      if (broken !== undefined) return { text: broken.each.rule, tone: "negative", why: broken.each.message };
      if (!own || (value !== null && typeof value === "object")) return undefined;
      const output = outputs.get(general(path));
      if (output === undefined) return undefined;
      const { type, ...rest } = output;
      const [badge] = badges(type === undefined ? rest : { ...rest, type }, this.session.fieldOf(output.destination));
      if (badge === undefined || badge.kind === "time") return undefined;
      return { text: badge.text, tone: badge.kind === "money" ? "positive" : badge.kind === "person" ? "notice" : "negative", why: badge.why };
    };
  }

  private onView(event: Event): void {
    const [view] = (event.target as HTMLElement & { selected: string[] }).selected;
    if (view === "tree" || view === "json") this.view = view;
  }

  private onDataset(event: Event): void {
    this.wanted = (event.target as HTMLElement & { value: string }).value;
    // Mappings and record stay of one model where the dataset has one for this object.
    const model = this.session.models.find((each) => each.dataset === this.wanted && each.resource === this.session.model?.resource);
    if (model !== undefined && model.name !== this.session.model?.name) void this.session.chooseModel(model.name);
  }
}

customElements.define("record-pane", RecordPane);
