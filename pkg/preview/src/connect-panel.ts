// The account behind the page: objects of it, and what the changes of this page would do to its last objects.

import { css, html, nothing, type TemplateResult } from "lit";
import type { ChangedField, Connection, Found, Outcome, Progress } from "./connect.ts";
import { Pane } from "./pane.ts";

const TONES: Readonly<Record<Outcome["kind"], string>> = { error: "negative", invalid: "negative", warning: "notice", skipped: "neutral", unmapped: "informative" };
/** Most objects that the program gives out at once, and most that it tries. */
const MOST_SAMPLES = 1_000;
const MOST = 10_000;
/** Lines of a table that are shown. */
const SHOWN = 100;

const many = (count: number, one: string): string => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

export class ConnectPanel extends Pane {
  static override properties = {
    ...Pane.properties,
    account: { state: true },
    resource: { state: true },
    last: { state: true },
    progress: { state: true },
    found: { state: true },
    problem: { state: true },
    waits: { state: true },
  };
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
      td.count, th.count { text-align: end; white-space: nowrap; }
      p { margin: 0 0 8px; }
    `,
  ];

  private declare account: string;
  private declare resource: string;
  private declare last: number;
  private declare progress: Progress | undefined;
  private declare found: { of: string; account: string; resource: string; result: Found } | undefined;
  private declare problem: string;
  private declare waits: boolean;
  private stop: AbortController | undefined;

  constructor() {
    super();
    this.account = "";
    this.resource = "";
    this.last = 10;
    this.progress = undefined;
    this.found = undefined;
    this.problem = "";
    this.waits = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop?.abort();
  }

  protected override render(): TemplateResult {
    const { connection } = this.session;
    if (connection === undefined) return html``;
    const { accounts, lacking } = connection.about;
    if (accounts.length === 0) return html`<div class="pad"><p>${lacking ?? "No account is configured."} Start the program with a key, as for <code>stripe-xdm sync</code>, to look at objects of your own.</p></div>`;
    const account = connection.account(this.account) ?? accounts[0]!;
    const { resources } = account;
    const resource = (resources.find((each) => each.name === this.resource) ?? resources.find((each) => each.object === this.session.model?.resource) ?? resources[0])!.name;
    const busy = this.waits || this.progress !== undefined;
    return html`<div class="pad">
      <form @submit=${(event: Event) => event.preventDefault()}>
        ${accounts.length < 2 ? html`<b>${account.name}</b>` : html`<select aria-label="Account" @change=${(event: Event) => (this.account = (event.target as HTMLSelectElement).value)}>
          ${accounts.map(({ name }) => html`<option value=${name} ?selected=${name === account.name}>${name}</option>`)}
        </select>`}
        ${account.mode === null ? nothing : html`<span class="chip ${account.mode === "live" ? "notice" : "neutral"}">${account.mode} mode</span>`}
        <label>last <input type="number" min="1" max=${MOST} .value=${String(this.last)} aria-label="How many objects" @input=${(event: Event) => (this.last = (event.target as HTMLInputElement).valueAsNumber)} /></label>
        <select aria-label="Resource" @change=${(event: Event) => (this.resource = (event.target as HTMLSelectElement).value)}>
          ${resources.map(({ name }) => html`<option value=${name} ?selected=${name === resource}>${name.replaceAll("_", " ")}</option>`)}
        </select>
        <sp-button size="s" variant="secondary" ?disabled=${busy} @click=${() => this.bring(connection, account.name, resource)}>Look at them</sp-button>
        <sp-button size="s" ?disabled=${busy} @click=${() => this.dryRun(connection, account.name, resource)}>Dry run</sp-button>
        ${this.progress === undefined ? nothing : html`<progress max=${this.progress.of} value=${this.progress.objects} aria-label="Dry run"></progress>
          <span>${many(this.progress.objects, "object")}</span> <sp-action-button size="s" @click=${() => this.stop?.abort()}>Stop</sp-action-button>`}
      </form>
      ${this.problem === "" ? nothing : html`<div class="problem" role="alert">${this.problem}</div>`}
      ${this.found === undefined ? this.about(connection, account.api_version) : this.result(connection, this.found)}
    </div>`;
  }

  private about({ about }: Connection, version: string): TemplateResult {
    const files = about.mappings;
    return html`<p class="quiet">A dry run takes the last objects of the account through the mapping of the program's settings
      (${files.length === 0 ? "the default" : files.join(", ")}) and through the same with the changes of this page, and tells what differs. Nothing is
      written or sent anywhere; the key stays with the program. API version ${version}.</p>`;
  }

  private result(connection: Connection, { of, account, resource, result }: NonNullable<ConnectPanel["found"]>): TemplateResult {
    const { counted, differences } = result;
    const { before, after } = counted.records;
    const show = (id: string): void => void this.show(connection, account, resource, id);
    return html`
      <p class="quiet" role="status">Dry run over ${of}: ${this.verdict(result)}</p>
      <div class="numbers">
        <div><b>${result.objects.toLocaleString("en")}</b><span>objects</span></div>
        <div><b>${before === after ? after.toLocaleString("en") : `${before.toLocaleString("en")} → ${after.toLocaleString("en")}`}</b><span>valid records</span></div>
        ${differences === null ? nothing : html`<div><b>${differences.changed.toLocaleString("en")}</b><span>records change</span></div>
        <div><b>${differences.added.toLocaleString("en")}</b><span>new</span></div>
        <div><b>${differences.removed.toLocaleString("en")}</b><span>gone</span></div>`}
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

  private async bring(connection: Connection, account: string, resource: string): Promise<void> {
    await this.attempt(async () => {
      if (!(this.last >= 1 && this.last <= MOST_SAMPLES)) throw new Error(`From 1 to ${MOST_SAMPLES.toLocaleString("en")} objects can be looked at; a dry run takes more.`);
      await this.open(connection, account, resource, { limit: this.last });
    });
  }

  /** Opens the object that something was said of. */
  private async show(connection: Connection, account: string, resource: string, id: string): Promise<void> {
    await this.attempt(() => this.open(connection, account, resource, { id }));
  }

  private async open(connection: Connection, name: string, resource: string, which: { limit: number } | { id: string }): Promise<void> {
    const { text, account, livemode } = await connection.samples(name, resource, which);
    // So that ids and links in the records are those of a sync.
    const settings = { ...this.session.settings, account, livemode, api_version: connection.account(name)?.api_version ?? null };
    if (JSON.stringify(settings) !== JSON.stringify(this.session.settings)) await this.session.editSettings(JSON.stringify(settings, null, 2));
    await this.session.openText(text, `${resource.replaceAll("_", " ")} of ${name}`);
  }

  private async dryRun(connection: Connection, account: string, resource: string): Promise<void> {
    await this.attempt(async () => {
      const { last } = this;
      if (!(last >= 1 && last <= MOST)) throw new Error(`A dry run takes from 1 to ${MOST.toLocaleString("en")} objects.`);
      this.stop = new AbortController();
      this.progress = { objects: 0, of: last };
      try {
        const told = (progress: Progress): void => void (this.progress = progress);
        const result = await connection.dryRun({ account, resource, last, models: this.session.changes }, told, this.stop.signal);
        this.found = { of: `the last ${resource.replaceAll("_", " ")} of ${account}`, account, resource, result };
      } finally {
        this.progress = undefined;
      }
    });
  }

  private async attempt(act: () => Promise<void>): Promise<void> {
    this.problem = "";
    this.waits = true;
    try {
      await act();
    } catch (error) {
      // Whoever stops it knows.
      if (!(error instanceof DOMException && error.name === "AbortError")) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.waits = false;
    }
  }
}

customElements.define("connect-panel", ConnectPanel);
