// The page: a bar of commands, three panes that follow each other, and the details below.

import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import line from "stripe-xdm/module.sha256?raw";
import { Connection } from "./connect.ts";
import { Desk } from "./desk.ts";
import { isEmpty } from "./draft.ts";
import type { DetailPane } from "./detail-pane.ts";
import { inside, type Dialog } from "./dialogs.ts";
import { adopt, code, commandLine, draftFile, fileName, readSet, save, takeSet, toAdobe } from "./exchange.ts";
import { printExact } from "./exact.ts";
import { Session } from "./session.ts";
import { fromFragment, toFragment } from "./share.ts";
import { readTheme, writeTheme, type Theme } from "./storage.ts";
import { palette } from "./style.ts";

const HASH = line.trim().split(/\s+/)[0] ?? "";

export class PreviewPage extends LitElement {
  static override properties = {
    theme: { reflect: true },
    version: { state: true },
    message: { state: true },
    dialog: { state: true },
  };

  declare theme: Theme;
  private declare version: number;
  private declare message: { text: string; tone: "positive" | "negative" } | undefined;
  private declare dialog: Dialog | undefined;
  readonly session: Session;

  constructor() {
    super();
    this.theme = readTheme();
    this.version = 0;
    this.message = undefined;
    this.dialog = undefined;
    // What happens within a frame is drawn once.
    let awaited = false;
    this.session = new Session(() => {
      if (awaited) return;
      awaited = true;
      requestAnimationFrame(() => {
        awaited = false;
        this.version += 1;
      });
    });
  }

  static override styles = [
    palette,
    css`
      :host { display: block; height: 100vh; background: var(--page); color: var(--text); font: 14px/20px var(--sans); }
      sp-theme { display: flex; flex-direction: column; height: 100%; background: var(--page); }
      .bar { display: flex; align-items: center; gap: 8px; padding: 8px 14px; flex-wrap: wrap; }
      h1 { font: 800 16px/24px var(--sans); margin: 0 6px 0 0; display: flex; align-items: center; gap: 8px; color: var(--text); }
      h1 svg { width: 24px; height: 24px; }
      .grow { flex: 1; }
      main { flex: 1; min-height: 0; display: grid; gap: 8px; padding: 0 12px; grid-template-columns: minmax(250px, 0.82fr) minmax(380px, 1.4fr) minmax(260px, 0.95fr); grid-template-rows: minmax(0, 1fr) clamp(220px, 31vh, 300px); grid-template-areas: "source mappings record" "detail detail detail"; }
      /* What changes in one pane is not laid out or painted anew in the others. */
      source-pane, mappings-pane, record-pane { contain: strict; }
      source-pane { grid-area: source; } mappings-pane { grid-area: mappings; } record-pane { grid-area: record; } detail-pane { grid-area: detail; }
      footer { display: flex; gap: 14px; padding: 6px 16px; font: 12px/18px var(--sans); color: var(--quiet); flex-wrap: wrap; }
      footer code { font: 11px/18px var(--mono); }
      .toast { position: fixed; inset: auto 0 44px; display: grid; place-items: center; pointer-events: none; z-index: 5; }
      .toast > div { pointer-events: auto; max-width: 720px; display: flex; gap: 14px; align-items: center; padding: 8px 8px 8px 16px; border-radius: 8px; box-shadow: 0 4px 18px #0005; overflow-wrap: anywhere; }
      .positive { background: var(--positive-bg); color: var(--positive-fg); } .negative { background: var(--negative-bg); color: var(--negative-fg); }
      dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--raised); color: var(--text); padding: 20px 24px; max-width: min(760px, 92vw); max-height: 82vh; }
      dialog::backdrop { background: #0007; }
      dialog h2 { margin: 0 0 10px; font: 700 18px/24px var(--sans); }
      dialog .list { max-height: 38vh; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }
      dialog table { border-collapse: collapse; width: 100%; font: 13px/18px var(--sans); } dialog td, dialog th { text-align: start; padding: 4px 10px; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
      .buttons { display: flex; justify-content: flex-end; gap: 8px; margin-top: 16px; }
      .report { table-layout: fixed; } .report th { width: 36%; } .report th.outcome { width: 96px; }
      code { font: 12px/18px var(--mono); }
      @media (max-width: 1000px) {
        main { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); grid-template-rows: minmax(0, 0.8fr) minmax(0, 1fr) clamp(220px, 30vh, 320px); grid-template-areas: "source record" "mappings mappings" "detail detail"; }
        :host { min-height: 900px; }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.onKey);
    void this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.onKey);
  }

  private async begin(): Promise<void> {
    await this.attempt(async () => {
      const connection = await Connection.open();
      if (connection === undefined) return undefined;
      this.session.desk = new Desk(connection, this.session, () => (this.version += 1));
      // Records here are then what a sync with the program's settings makes.
      await this.session.editSettings(JSON.stringify({ account: this.session.settings.account, ...connection.about.settings }, null, 2));
      return undefined;
    });
    await this.session.start();
    await this.attempt(async () => {
      const draft = await fromFragment(location.hash);
      if (draft === undefined) return undefined;
      await adopt(this.session, draft);
      // The address is the sender's; what is edited from here on is not in it.
      history.replaceState(null, "", location.pathname + location.search);
      return `This address brought ${draft.edits.length} ${draft.edits.length === 1 ? "change" : "changes"} to ${draft.resource}.${draft.variant}.`;
    });
  }

  protected override updated(): void {
    document.documentElement.style.colorScheme = this.theme;
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog !== null && !dialog.open) dialog.showModal();
  }

  protected override render(): TemplateResult {
    const { session, version } = this;
    const { history } = session;
    return html`<sp-theme system="spectrum-two" scale="medium" color=${this.theme}>
      <header class="bar">
        <h1>
          <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#3b63fb" /><path d="M7 10h7l4 6-4 6H7m18-12h-4m4 12h-4m-3-6h7" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round" /></svg>
          Stripe to XDM
        </h1>
        <sp-picker id="model" size="s" label="Model" value=${session.model?.name ?? ""} @change=${(event: Event) => this.onModel((event.target as HTMLElement & { value: string }).value)}>
          ${session.models.map((model) => html`<sp-menu-item value=${model.name}>${model.dataset}</sp-menu-item>`)}
        </sp-picker>
        <span class="grow"></span>
        <sp-action-button size="s" quiet label="Undo" title="Undo (Ctrl+Z)" ?disabled=${history?.canUndo !== true} @click=${() => session.undo()}>↶ Undo</sp-action-button>
        <sp-action-button size="s" quiet label="Redo" title="Redo (Ctrl+Shift+Z)" ?disabled=${history?.canRedo !== true} @click=${() => session.redo()}>↷ Redo</sp-action-button>
        <sp-action-button size="s" title="A file of this page or of the program, or a mapping set of Adobe's" @click=${() => this.renderRoot.querySelector<HTMLInputElement>("#set")!.click()}>Open set</sp-action-button>
        <sp-action-menu id="out" size="s" label="Save and share" @change=${(event: Event) => this.onOut(event)}>
          <span slot="label">Save and share</span>
          <sp-menu-item value="save">Save changes as a file</sp-menu-item>
          <sp-menu-item value="adobe">Export for Adobe…</sp-menu-item>
          <sp-menu-item value="command">Copy as command line</sp-menu-item>
          <sp-menu-item value="code">Copy as code for a worker</sp-menu-item>
          <sp-menu-item value="share">Share by address…</sp-menu-item>
        </sp-action-menu>
        <sp-action-button size="s" quiet label="Keys" @click=${() => (this.dialog = { kind: "keys" })}>Keys</sp-action-button>
        <sp-action-button size="s" quiet label=${this.theme === "dark" ? "Light" : "Dark"} @click=${() => this.onTheme()}>${this.theme === "dark" ? "Light" : "Dark"}</sp-action-button>
        <input id="set" type="file" accept=".json,application/json" hidden @change=${this.onSet} />
      </header>
      <main>
        <source-pane role="region" aria-label="Stripe object" .session=${session} .version=${version}></source-pane>
        <mappings-pane role="region" aria-label="Mappings" .session=${session} .version=${version} @edit-row=${() => this.edit()}></mappings-pane>
        <record-pane role="region" aria-label="XDM record" .session=${session} .version=${version}></record-pane>
        <detail-pane role="region" aria-label="Details" .session=${session} .version=${version}></detail-pane>
      </main>
      <footer><span>${session.desk === undefined ? "Nothing that you open here leaves your browser." : "Connected to the program on this machine; nothing that you open here goes anywhere else."}</span><span class="grow"></span><span>module <code title=${HASH}>${HASH.slice(0, 16)}</code></span></footer>
      ${this.message === undefined ? nothing : html`<div class="toast" role="status"><div class=${this.message.tone}><span>${this.message.text}</span><sp-action-button size="s" quiet label="Close" @click=${() => (this.message = undefined)}>✕</sp-action-button></div></div>`}
      ${this.dialog === undefined ? nothing : html`<dialog aria-labelledby="dialog-title" @close=${() => (this.dialog = undefined)}>${this.inside(this.dialog)}</dialog>`}
    </sp-theme>`;
  }

  private get detail(): DetailPane | null {
    return this.renderRoot.querySelector<DetailPane>("detail-pane");
  }

  /** Puts the cursor into the mapping that was chosen, once it is there. */
  private async edit(): Promise<void> {
    this.version += 1;
    await this.updateComplete;
    await this.detail?.edit();
  }

  private inside(dialog: Dialog): TemplateResult {
    return inside(dialog, {
      model: this.session.model?.name ?? "",
      close: () => this.renderRoot.querySelector("dialog")?.close(),
      share: () => void this.share(),
      saveForAdobe: (exported) => save(`${this.session.model?.name}.adobe.json`, printExact(exported.mappingSet)),
      take: (set, replace) => void this.attempt(async () => takeSet(this.session, set, replace)),
    });
  }

  private async attempt(act: () => Promise<string | undefined>): Promise<void> {
    this.message = undefined;
    try {
      const text = await act();
      if (text !== undefined) this.message = { text, tone: "positive" };
    } catch (error) {
      this.message = { text: error instanceof Error ? error.message : String(error), tone: "negative" };
    }
  }

  private onModel(name: string): void {
    const model = this.session.models.find((each) => each.name === name);
    if (model === undefined || name === this.session.model?.name) return;
    // An object of another resource would have nothing to show.
    const same = model.resource === this.session.model?.resource;
    void (same ? Promise.resolve() : this.session.openSample(model.resource)).then(() => this.session.chooseModel(name));
  }

  private onSet(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (file === undefined) return;
    void this.attempt(async () => {
      const set = await readSet(this.session, file);
      if (set.replace !== undefined) return takeSet(this.session, set, set.replace);
      this.dialog = { kind: "set", set };
      return undefined;
    });
  }

  private onOut(event: Event): void {
    const menu = event.target as HTMLElement & { value: string };
    const { value } = menu;
    // The same entry can be chosen again.
    menu.value = "";
    void this.attempt(async () => {
      switch (value) {
        case "save": {
          const text = draftFile(this.session);
          if (text === undefined) throw new Error("There is nothing to save: no mapping differs from the default.");
          save(fileName(this.session), text);
          return `Saved. Use it with: --mapping ${fileName(this.session)}`;
        }
        case "adobe":
          this.dialog = { kind: "adobe", exported: await toAdobe(this.session) };
          return undefined;
        case "command":
          await navigator.clipboard.writeText(commandLine(this.session));
          return "The command line is in the clipboard. Save the changes as a file beside it.";
        case "code":
          await navigator.clipboard.writeText(code(this.session));
          return "The code is in the clipboard.";
        case "share":
          this.dialog = { kind: "share" };
          return undefined;
        default:
          return undefined;
      }
    });
  }

  private async share(): Promise<void> {
    await this.attempt(async () => {
      if (this.session.draft === undefined || isEmpty(this.session.draft)) throw new Error("There is nothing to share: no mapping differs from the default.");
      const address = location.origin + location.pathname + (await toFragment(this.session.draft));
      await navigator.clipboard.writeText(address);
      return `The address is in the clipboard (${address.length.toLocaleString("en")} characters).`;
    });
  }

  private onTheme(): void {
    this.theme = this.theme === "dark" ? "light" : "dark";
    writeTheme(this.theme);
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const inEditor = event.composedPath().some((each) => each instanceof HTMLElement && (each.isContentEditable || each instanceof HTMLInputElement));
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey && !control) {
      const pane = { Digit1: "source-pane", Digit2: "mappings-pane", Digit3: "record-pane", Digit4: "detail-pane" }[event.code];
      if (pane !== undefined) this.enter(pane);
      else if (event.code === "KeyN") {
        this.session.addRow();
        void this.edit();
      } else if (event.code === "KeyF") this.renderRoot.querySelector("mappings-pane")?.shadowRoot?.querySelector<HTMLElement>("sp-search")?.focus();
      else return;
    } else if (control && event.key.toLowerCase() === "z" && !inEditor) {
      if (event.shiftKey) this.session.redo();
      else this.session.undo();
    } else if (event.key === "Escape" && !inEditor && this.dialog === undefined) {
      this.session.closeRow();
      this.session.point(undefined);
    } else return;
    event.preventDefault();
  };

  /** Puts the focus into a pane, where its keys work. */
  private enter(name: string): void {
    const root = this.renderRoot.querySelector(name)?.shadowRoot;
    const tree = root?.querySelector("value-tree")?.shadowRoot?.querySelector<HTMLElement>('li[tabindex="0"]');
    const target = tree ?? root?.querySelector<HTMLElement>('tbody tr[tabindex="0"], .panel, code-editor');
    target?.focus();
  }
}

customElements.define("xdm-preview", PreviewPage);
