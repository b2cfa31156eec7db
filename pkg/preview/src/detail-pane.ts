// Below the three panes: the mapping in the editor, what is not covered, what was changed, many objects at
// once, and the settings.

import { css, html, nothing, type TemplateResult } from "lit";
import type { MappingEditor } from "./mapping-editor.ts";
import { Pane } from "./pane.ts";
import type { Tally } from "./protocol.ts";

const TONES: Readonly<Record<Tally["kind"], string>> = { error: "negative", invalid: "negative", warning: "notice", skipped: "neutral", unmapped: "informative" };

export class DetailPane extends Pane {
  static override properties = { ...Pane.properties, tab: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      sp-tabs { flex: none; margin-inline: 14px; }
      .panel { flex: 1; min-height: 0; overflow: auto; display: flex; flex-direction: column; }
      .pad { padding: 10px 14px; }
      .numbers { display: flex; gap: 22px; flex-wrap: wrap; margin-bottom: 10px; }
      .numbers b { font: 700 20px/24px var(--sans); display: block; } .numbers span { color: var(--quiet); font: 12px/16px var(--sans); }
      .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 18px; }
      h3 { font: 700 13px/18px var(--sans); margin: 0 0 4px; } section p { margin: 0; font: 13px/19px var(--sans); }
      ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 3px; font: 13px/19px var(--sans); }
      .bar { height: 8px; border-radius: 4px; background: var(--neutral-bg); overflow: hidden; display: flex; margin: 0 0 12px; max-width: 620px; }
      .bar i { display: block; height: 100%; }
      .mapped { background: #2d9d6a; } .empty { background: #9aa7bd; } .dropped { background: #8a8a8a; } .unmapped { background: #d98400; }
      table { border-collapse: collapse; font: 13px/18px var(--sans); width: 100%; }
      td, th { text-align: start; padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      td.count { width: 220px; } .count i { display: inline-block; height: 10px; border-radius: 3px; background: var(--related-edge); margin-right: 8px; }
      .settings { display: grid; grid-template-columns: minmax(0, 1fr) 300px; gap: 14px; flex: 1; min-height: 0; }
      code-editor { border: 1px solid var(--line); border-radius: 6px; min-height: 120px; }
    `,
  ];

  declare tab: string;

  constructor() {
    super();
    this.tab = "mapping";
  }

  /** Shows the mapping that is chosen, ready to type. */
  async edit(): Promise<void> {
    this.tab = "mapping";
    await this.updateComplete;
    // The mapping itself is drawn in the editor's own turn.
    const editor = this.renderRoot.querySelector<MappingEditor>("mapping-editor");
    await editor?.updateComplete;
    editor?.focus();
  }

  /** A new mapping, ready to type. */
  private begin(make: () => void): void {
    make();
    void this.edit();
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const unmapped = session.explanation?.sources.filter((each) => each.fate === "unmapped").length ?? 0;
    const { draft } = session;
    const changes = draft === undefined ? 0 : draft.replace === true ? "own set" : draft.edits.length;
    const tabs: [string, string][] = [
      ["mapping", "Mapping"],
      ["coverage", unmapped > 0 ? `Coverage (${unmapped})` : "Coverage"],
      ["schema", "Schema"],
      ["privacy", "Privacy"],
      ["changes", changes !== 0 ? `Changes (${changes})` : "Changes"],
      ["bulk", session.objects.length > 1 ? `Bulk (${session.objects.length.toLocaleString("en")})` : "Bulk"],
      ["settings", "Settings"],
      ...(session.desk === undefined ? [] : [["connect", "Connect"] satisfies [string, string]]),
    ];
    return html`
      <sp-tabs size="s" compact selected=${this.tab} label="Details" @change=${(event: Event) => (this.tab = (event.target as HTMLElement & { selected: string }).selected)}>
        ${tabs.map(([name, text]) => html`<sp-tab value=${name} label=${text}></sp-tab>`)}
        ${tabs.map(([name]) => html`<sp-tab-panel value=${name}></sp-tab-panel>`)}
      </sp-tabs>
      <div class="panel" role="region" aria-label=${tabs.find(([name]) => name === this.tab)?.[1] ?? ""} tabindex="0">${this.panel()}</div>
    `;
  }

  private panel(): TemplateResult {
    switch (this.tab) {
      case "coverage": return this.coverage();
      case "schema": return html`<schema-panel .session=${this.session} .version=${this.version} @edit-row=${() => this.edit()}></schema-panel>`;
      case "privacy": return html`<privacy-panel .session=${this.session} .version=${this.version}></privacy-panel>`;
      case "changes": return html`<changes-panel .session=${this.session} .version=${this.version} @edit-row=${() => this.edit()}></changes-panel>`;
      case "bulk": return this.bulk();
      case "settings": return this.settings();
      case "connect": return html`<connect-panel .session=${this.session} .version=${this.version}></connect-panel>`;
      default: return html`<mapping-editor .session=${this.session} .version=${this.version}></mapping-editor>`;
    }
  }

  private coverage(): TemplateResult {
    const { session } = this;
    const sources = session.explanation?.sources ?? [];
    const fates = { mapped: 0, empty: 0, dropped: 0, unmapped: 0 };
    for (const { fate } of sources) {
      if (fate === "mapped" || fate === "covered") fates.mapped += 1;
      else if (fate === "notInSchema") fates.unmapped += 1;
      else fates[fate] += 1;
    }
    const share = (count: number): string => `width: ${sources.length === 0 ? 0 : (100 * count) / sources.length}%`;
    const unmapped = sources.filter((each) => each.fate === "unmapped" || each.fate === "notInSchema");
    const present = new Set((session.explanation?.outputs ?? []).filter((each) => each.present === true).map((each) => each.destination));
    const unfilled = [...session.fields.values()].filter((field) => field.required && !present.has(field.destination));
    const left = session.explanation?.leftOut ?? [];
    return html`<div class="pad">
      <div class="numbers">
        <div><b>${fates.mapped}</b><span>values mapped</span></div>
        <div><b>${fates.unmapped}</b><span>not mapped</span></div>
        <div><b>${fates.empty}</b><span>empty in this object</span></div>
        <div><b>${fates.dropped}</b><span>left out on purpose</span></div>
        <div><b>${present.size}</b><span>fields written</span></div>
        <div><b>${unfilled.length}</b><span>required fields not filled</span></div>
      </div>
      <div class="bar" aria-hidden="true">${(["mapped", "unmapped", "dropped", "empty"] as const).map((fate) => html`<i class=${fate} .style=${share(fates[fate])}></i>`)}</div>
      <div class="columns">
        <section><h3>Not mapped</h3>
          ${unmapped.length === 0 ? html`<p class="quiet">Every value of this object is mapped or left out on purpose.</p>` : html`<ul>${unmapped.map((each) => html`<li><button class="link" @click=${() => session.point({ pane: "source", path: each.path })}>${each.path}</button> · <button class="link" aria-label=${`Map ${each.path}`} @click=${() => this.begin(() => session.mapSource(each.path))}>map</button></li>`)}</ul>`}
        </section>
        <section><h3>Required and not filled</h3>
          ${unfilled.length === 0 ? html`<p class="quiet">All required fields have a value.</p>` : html`<ul>${unfilled.map((field) => html`<li><button class="link" @click=${() => this.begin(() => session.addRow(field.destination))}>${field.destination}</button> <span class="quiet">${field.type}</span></li>`)}</ul>`}
        </section>
        <section><h3>Left out by the privacy policy</h3>
          ${left.length === 0 ? html`<p class="quiet">Nothing.</p>` : html`<ul>${left.map((each) => html`<li><code>${each.destination}</code><br /><span class="quiet">${each.reason}</span></li>`)}</ul>`}
        </section>
      </div>
    </div>`;
  }

  private bulk(): TemplateResult {
    const { session } = this;
    const { bulk } = session;
    const many = session.objects.length;
    const tallies = Object.values(bulk?.tallies ?? {}).sort((a, b) => b.count - a.count);
    const most = tallies[0]?.count ?? 1;
    return html`<div class="pad">
      <p class="quiet">${many > 1 ? html`${many.toLocaleString("en")} objects from ${session.origin}.` : html`Open a file with many objects: JSON lines, an array or a list page.`}
        ${many > 1 ? html` <sp-button size="s" ?disabled=${bulk !== undefined && !bulk.done} @click=${() => session.runBulk()}>Transform them all</sp-button>` : nothing}</p>
      ${session.bulkProblem === "" ? nothing : html`<div class="problem" role="alert">${session.bulkProblem}</div>`}
      ${bulk === undefined ? nothing : html`
        <p role="status">${bulk.objects.toLocaleString("en")} of ${bulk.of.toLocaleString("en")} objects, ${bulk.records.toLocaleString("en")} records${bulk.done && tallies.length === 0 ? ", nothing to note" : ""}</p>
        ${tallies.length === 0 ? nothing : html`<table>
          <thead><tr><th scope="col">What</th><th scope="col">How often</th><th scope="col">For instance</th></tr></thead>
          <tbody>${tallies.slice(0, 100).map((tally) => html`<tr>
            <td><span class="chip ${TONES[tally.kind]}">${tally.kind}</span> <code>${tally.code}</code></td>
            <td class="count"><i .style=${`width: ${Math.max(2, (120 * tally.count) / most)}px`}></i>${tally.count.toLocaleString("en")}</td>
            <td>${tally.message} <button class="link" @click=${() => session.show(tally.first)}>object ${(tally.first + 1).toLocaleString("en")}</button></td>
          </tr>`)}</tbody></table>`}`}
    </div>`;
  }

  private settings(): TemplateResult {
    const { session } = this;
    return html`<div class="pad settings">
      <code-editor language="json" label="Settings as JSON" .value=${session.settingsText} @edit=${(event: CustomEvent<string>) => this.onSettings(event.detail)}></code-editor>
      <div>
        ${session.settingsProblem === "" ? html`<span class="chip positive">in force</span>` : html`<div class="problem" role="alert">${session.settingsProblem}</div>`}
        <p class="quiet">The settings of the program and the package: <code>tenant</code>, <code>account</code>, <code>email_identity</code>, <code>privacy</code> and others.</p>
        <p class="quiet">Settings stay in this tab; they are neither kept nor shared.</p>
      </div>
    </div>`;
  }

  private onSettings(text: string): void {
    void this.session.editSettings(text);
  }
}

customElements.define("detail-pane", DetailPane);
