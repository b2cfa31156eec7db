// The account behind the page: objects of it, and what the changes of this page would do to its last objects.

import { css, html, nothing, type TemplateResult } from "lit";
import type { ChangedField, Found, Outcome } from "./connect.ts";
import { MOST, type Desk } from "./desk.ts";
import { Pane } from "./pane.ts";

const TONES: Readonly<Record<Outcome["kind"], string>> = { error: "negative", invalid: "negative", warning: "notice", skipped: "neutral", unmapped: "informative" };
/** Lines of a table that are shown. */
const SHOWN = 100;

const many = (count: number, one: string): string => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

export class ConnectPanel extends Pane {
  static override styles = [
    ...Pane.styles,
    css`
      :host { border: 0; border-radius: 0; overflow: visible; }
      .pad { padding: 10px 14px; }
      form { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; margin-bottom: 8px; }
      label { display: flex; align-items: center; gap: 6px; }
      input, select { font: 13px/20px var(--sans); color: var(--text); background: var(--surface); border: 1px solid var(--quiet); border-radius: 6px; padding: 2px 8px; }
      input { width: 72px; }
      input:focus-visible, select:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
      progress { width: 180px; accent-color: var(--focus); }
      .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 0 28px; }
      .numbers { display: flex; gap: 22px; flex-wrap: wrap; margin-bottom: 4px; }
      .numbers b { font: 700 20px/24px var(--sans); display: block; } .numbers span { color: var(--quiet); font: 12px/16px var(--sans); }
      h3 { font: 700 13px/18px var(--sans); margin: 6px 0 4px; }
      table { border-collapse: collapse; font: 13px/18px var(--sans); width: 100%; }
      td, th { text-align: start; padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      td code { font: 12px/18px var(--mono); }
      th { overflow-wrap: normal; white-space: nowrap; }
      td.count, th.count { text-align: end; white-space: nowrap; }
      p { margin: 0 0 8px; } .numbers p { flex: 1; min-width: 240px; margin: 0; align-self: center; }
    `,
  ];

  protected override render(): TemplateResult {
    const { desk } = this.session;
    if (desk === undefined) return html``;
    const { account, progress, resource, busy } = desk;
    const { accounts, lacking } = desk.connection.about;
    if (account === undefined) return html`<div class="pad"><p>There is no account to look at: ${lacking}. Then start <code>stripe-xdm preview</code> again.</p></div>`;
    const value = (event: Event): string => (event.target as HTMLSelectElement).value;
    return html`<div class="pad">
      <form @submit=${(event: Event) => { event.preventDefault(); void desk.look(); }}>
        ${accounts.length < 2 ? html`<b>${account.name}</b>` : html`<select aria-label="Account" @change=${(event: Event) => desk.choose({ account: value(event) })}>
          ${accounts.map(({ name }) => html`<option value=${name} .selected=${name === account.name}>${name}</option>`)}
        </select>`}
        ${account.mode === null ? nothing : html`<span class="chip ${account.mode === "live" ? "notice" : "neutral"}">${account.mode} mode</span>`}
        <label>last <input type="number" min="1" max=${MOST} .value=${String(desk.last)} aria-label="How many objects" @input=${(event: Event) => desk.choose({ last: (event.target as HTMLInputElement).valueAsNumber })} /></label>
        <select aria-label="Resource" @change=${(event: Event) => desk.choose({ resource: value(event) })}>
          ${account.resources.map(({ name }) => html`<option value=${name} .selected=${name === resource}>${name.replaceAll("_", " ")}</option>`)}
        </select>
        <sp-button size="s" variant="secondary" ?disabled=${busy} @click=${() => desk.look()}>Look at them</sp-button>
        <sp-button size="s" ?disabled=${busy} @click=${() => desk.dryRun()}>Dry run</sp-button>
        ${progress === undefined ? nothing : html`<progress max=${progress.of} value=${progress.objects} aria-label="Dry run"></progress>
          <span>${many(progress.objects, "object")}</span> <sp-action-button size="s" @click=${() => desk.stop()}>Stop</sp-action-button>`}
      </form>
      ${desk.problem === "" ? nothing : html`<div class="problem" role="alert">${desk.problem}</div>`}
      ${desk.found === undefined ? this.about(desk, account.api_version) : this.result(desk, desk.found)}
    </div>`;
  }

  private about({ connection }: Desk, version: string): TemplateResult {
    const files = connection.about.mappings;
    return html`<p class="quiet">A dry run takes the last objects of the account through the mapping of the program's settings
      (${files.length === 0 ? "the default" : files.join(", ")}) and through the same with the changes of this page, and tells what differs. Nothing is
      written or sent anywhere; the key stays with the program. API version ${version}.</p>`;
  }

  private result(desk: Desk, { account, resource, result }: NonNullable<Desk["found"]>): TemplateResult {
    const { counted, differences } = result;
    const { before, after } = counted.records;
    const show = (id: string): void => void desk.show(id);
    const of = `the last ${resource.replaceAll("_", " ")} of ${account}`;
    return html`
      <div class="numbers">
        <div><b>${result.objects.toLocaleString("en")}</b><span>objects</span></div>
        <div><b>${before === after ? after.toLocaleString("en") : `${before.toLocaleString("en")} → ${after.toLocaleString("en")}`}</b><span>valid records</span></div>
        ${differences === null ? nothing : html`<div><b>${differences.changed.toLocaleString("en")}</b><span>records change</span></div>
        <div><b>${differences.added.toLocaleString("en")}</b><span>new</span></div>
        <div><b>${differences.removed.toLocaleString("en")}</b><span>gone</span></div>`}
        <p class="quiet" role="status">Dry run over ${of}: ${this.verdict(result)}</p>
      </div>
      <div class="columns">
      ${counted.outcomes.length === 0 ? nothing : html`<section><h3>What is to note</h3><table>
        <thead><tr><th scope="col">What</th><th scope="col" class="count">Before</th><th scope="col" class="count">After</th><th scope="col">For instance</th></tr></thead>
        <tbody>${counted.outcomes.slice(0, SHOWN).map((each) => html`<tr>
          <td><span class="chip ${TONES[each.kind]}">${each.kind}</span> <code>${each.code}</code></td>
          <td class="count">${each.before.toLocaleString("en")}</td><td class="count">${each.after.toLocaleString("en")}</td>
          <td>${each.first.message} <button class="link" @click=${() => show(each.first.id)}>${each.first.id}</button></td>
        </tr>`)}</tbody></table></section>`}
      ${differences === null || differences.fields.length === 0 ? nothing : html`<section><h3>Fields that differ</h3><table>
        <thead><tr><th scope="col">Field</th><th scope="col">Records</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">For instance</th></tr></thead>
        <tbody>${differences.fields.slice(0, SHOWN).map((each) => html`<tr>
          <td><code>${each.path}</code><br /><span class="quiet">${each.dataset}</span></td>
          <td>${this.counts(each)}</td>
          <td>${each.before === null ? "—" : html`<code>${each.before}</code>`}</td><td>${each.after === null ? "—" : html`<code>${each.after}</code>`}</td>
          <td><button class="link" @click=${() => show(each.id)}>${each.id}</button></td>
        </tr>`)}</tbody></table></section>`}
      </div>
    `;
  }

  private verdict({ differences, counted }: Found): string {
    const failed = counted.outcomes.filter(({ kind, after }) => after > 0 && (kind === "error" || kind === "invalid"));
    const count = failed.reduce((sum, { after }) => sum + after, 0);
    const failures = count === 0 ? "none fails" : `${count.toLocaleString("en")} ${count === 1 ? "fails" : "fail"}`;
    if (differences === null) return `${failures}. Nothing is changed in this page: this is the mapping of the settings.`;
    return differences.objects === 0 ? `${failures}. The changes of this page make no difference to them.` : `${failures}.`;
  }

  private counts({ changed, added, removed }: ChangedField): string {
    const parts: [number, string][] = [[changed, "changed"], [added, "new"], [removed, "gone"]];
    return parts.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString("en")} ${what}`).join(", ");
  }
}

customElements.define("connect-panel", ConnectPanel);
