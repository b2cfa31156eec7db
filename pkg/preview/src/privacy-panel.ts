// The privacy policy: what becomes of each kind of sensitive data, and what this object's record then shows.

import type { PrivacyRule, Settings } from "stripe-xdm";
import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { parseExact } from "./exact.ts";
import { labelText, type Field } from "./fields.ts";
import { Pane } from "./pane.ts";
import { at } from "./paths.ts";
import { breakable } from "./style.ts";

type Action = PrivacyRule["action"];

const ACTIONS: Readonly<Record<Action, string>> = { keep: "Keep", drop: "Leave out", hash: "Hash", mask: "Mask" };

/** What is done without a rule: only links that open without a login are left out. */
const unruled = (label: string): Action => (label === "C12" ? "drop" : "keep");

/** A key for hashes that are only looked at. */
const PREVIEW_SALT = "for-this-preview-only";

interface Line {
  path: string;
  labels: readonly string[];
  before: unknown;
}

interface Effect extends Line {
  after: unknown;
  same: boolean;
}

export class PrivacyPanel extends Pane {
  static override properties = { ...Pane.properties, lines: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      :host { border: 0; border-radius: 0; padding: 10px 14px; gap: 10px; overflow: auto; }
      .columns { display: grid; grid-template-columns: minmax(320px, 0.8fr) minmax(0, 1.2fr); gap: 24px; }
      table { border-collapse: collapse; font: 13px/18px var(--sans); width: 100%; table-layout: fixed; }
      td, th { text-align: start; padding: 4px 10px 4px 0; vertical-align: middle; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
      th { font: 600 12px/18px var(--sans); color: var(--quiet); }
      th.label { width: 52px; } th.count { width: 52px; } th.action { width: 118px; } th.value { width: 27%; }
      sp-picker { width: 108px; }
      td code { font-size: 12px; }
      p { margin: 8px 0 0; font: 13px/18px var(--sans); }
      @media (max-width: 900px) { .columns { grid-template-columns: 1fr; } }
    `,
  ];

  private declare lines: readonly Line[];
  private asked: unknown[] = [];

  constructor() {
    super();
    this.lines = [];
  }

  private get rules(): readonly PrivacyRule[] {
    return this.session.settings.privacy?.rules ?? [];
  }

  private actionFor(label: string): Action {
    return this.rules.findLast((rule) => rule.label === label)?.action ?? unruled(label);
  }

  /** The labels of the schema, with how many fields have them. */
  private get labels(): Map<string, number> {
    const found = new Map<string, number>();
    for (const field of this.session.fields.values()) for (const label of field.labels) found.set(label, (found.get(label) ?? 0) + 1);
    return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { session } = this;
    const asked = [session.explanation, session.text, session.fields];
    if (!changed.has("version") || asked.every((each, index) => each === this.asked[index])) return;
    this.asked = asked;
    void this.look();
  }

  /** What the record would show without a policy. */
  private async look(): Promise<void> {
    const { session, asked } = this;
    if (session.model === undefined || session.textProblem !== "") return;
    const { privacy: _privacy, ...others } = session.whole;
    const rules = [...this.labels.keys()].map((label): PrivacyRule => ({ label, action: "keep" }));
    const settings: Settings = rules.length === 0 ? others : { ...others, privacy: { rules } };
    try {
      const [preview] = await session.ask("preview", { resource: session.model.name, settings, samples: [parseExact(session.text) as object] });
      if (asked !== this.asked) return;
      const labelled = [...session.fields.values()].filter((field) => field.labels.length > 0);
      this.lines = labelled.flatMap((field) => this.line(field, preview?.data));
    } catch {
      // The record pane tells what is wrong with the object or its mappings.
      if (asked === this.asked) this.lines = [];
    }
  }

  private line(field: Field, record: unknown): Line[] {
    const before = at(record, field.destination);
    return before === undefined ? [] : [{ path: field.destination, labels: field.labels, before }];
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const hashes = this.rules.some((rule) => rule.action === "hash");
    const ofPaths = this.rules.filter((rule) => rule.path !== undefined).length;
    return html`
      ${session.settingsProblem === "" ? nothing : html`<div class="problem" role="alert">${session.settingsProblem}</div>`}
      <div class="columns">
        <section>
          <table aria-label="What becomes of sensitive data">
            <thead><tr><th scope="col" class="label">Label</th><th scope="col">Says</th><th scope="col" class="count">Fields</th><th scope="col" class="action">Becomes</th></tr></thead>
            <tbody>${[...this.labels].map(([label, count]) => html`<tr>
              <td><span class="chip neutral">${label}</span></td><td>${labelText(label)}</td><td>${count}</td>
              <td><sp-picker size="s" label=${`Fields with the label ${label}`} value=${this.actionFor(label)} @change=${(event: Event) => this.set(label, (event.target as HTMLElement & { value: Action }).value)}>
                ${Object.entries(ACTIONS).map(([action, text]) => html`<sp-menu-item value=${action}>${text}</sp-menu-item>`)}
              </sp-picker></td>
            </tr>`)}</tbody>
          </table>
          <p class="quiet">${ofPaths > 0 ? `${ofPaths} more ${ofPaths === 1 ? "rule" : "rules"} about single fields stand in the settings. ` : ""}The policy is part of the settings: copy it from there into the settings of the program.</p>
          ${hashes ? html`<p class="quiet">Hashes are shown with the key in the settings, by itself one for looking only. With your own key they look different.</p>` : nothing}
        </section>
        <section>
          <table aria-label="What this record shows">
            <thead><tr><th scope="col">Field</th><th scope="col" class="value">Without a policy</th><th scope="col" class="value">With it</th></tr></thead>
            <tbody>${this.effects().map((effect) => this.effect(effect))}</tbody>
          </table>
          ${this.lines.length === 0 ? html`<p class="quiet">This object has nothing in a field with a label.</p>` : nothing}
        </section>
      </div>
    `;
  }

  /** What the policy changes comes first. */
  private effects(): Effect[] {
    const { session } = this;
    const record = session.done?.records.find((each) => each.dataset === session.model?.dataset)?.record;
    const all = this.lines.map((line): Effect => {
      const after = at(record, line.path);
      return { ...line, after, same: after !== undefined && text(after) === text(line.before) };
    });
    return [...all.filter((each) => !each.same), ...all.filter((each) => each.same)];
  }

  private effect({ path, labels, before, after, same }: Effect): TemplateResult {
    return html`<tr>
      <td><button class="link" @click=${() => this.session.point({ pane: "record", path })}><code>${breakable(path)}</code></button> ${labels.map((label) => html`<span class="chip neutral" title=${labelText(label)}>${label}</span> `)}</td>
      <td><code>${text(before)}</code></td>
      <td>${after === undefined ? html`<span class="chip negative">left out</span>` : same ? html`<span class="quiet">the same</span>` : html`<code>${text(after)}</code>`}</td>
    </tr>`;
  }

  private set(label: string, action: Action): void {
    const { settings } = this.session;
    const others = this.rules.filter((rule) => rule.label !== label);
    const rules: PrivacyRule[] = action === unruled(label) ? [...others] : [...others, { label, action }];
    const hashes = rules.some((rule) => rule.action === "hash");
    const salt = hashes ? (settings.privacy?.salt ?? PREVIEW_SALT) : settings.privacy?.salt === PREVIEW_SALT ? undefined : settings.privacy?.salt;
    const { privacy: _privacy, ...rest } = settings;
    const privacy = rules.length === 0 && salt === undefined ? {} : { privacy: { rules, ...(salt === undefined ? {} : { salt }) } };
    void this.session.editSettings(JSON.stringify({ ...rest, ...privacy }, null, 2));
  }
}

function text(value: unknown): string {
  const written = typeof value === "string" ? value : JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each)) ?? "";
  return written.length > 160 ? `${written.slice(0, 160)}…` : written;
}

customElements.define("privacy-panel", PrivacyPanel);
