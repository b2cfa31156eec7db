// The Stripe object: where it comes from, as a tree and as text that can be edited.

import { css, html, nothing, type TemplateResult } from "lit";
import { general } from "./paths.ts";
import type { Explanation } from "./protocol.ts";
import { Pane } from "./pane.ts";
import { MAX_BYTES, MAX_SHOWN, SAMPLES } from "./samples.ts";
import type { Mark } from "./tree.ts";

export class SourcePane extends Pane {
  static override properties = { ...Pane.properties, view: { state: true }, problem: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      sp-picker { flex: 1; min-width: 110px; }
      .nav { display: flex; align-items: center; gap: 4px; font: 13px var(--sans); }
    `,
  ];

  private declare view: "tree" | "json";
  private declare problem: string;

  constructor() {
    super();
    this.view = "tree";
    this.problem = "";
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const many = session.objects.length;
    return html`
      <header>
        <h2 id="title">Stripe object</h2>
        <sp-picker size="s" label="Sample" value=${session.origin.replace("sample: ", "")} @change=${this.onSample}>
          <span slot="label">${session.origin === "" ? "Sample" : session.origin.replace("sample: ", "")}</span>
          ${[...SAMPLES.keys()].map((name) => html`<sp-menu-item value=${name}>${name}</sp-menu-item>`)}
        </sp-picker>
        <sp-action-button size="s" label="Open a file of objects" title="Open a file: one object, a list, or JSON lines" @click=${this.pick}>Open</sp-action-button>
        <sp-action-button size="s" label="Paste objects" title="Paste from the clipboard" @click=${this.paste}>Paste</sp-action-button>
        <sp-action-group size="s" compact selects="single" label="View of the object" .selected=${[this.view]} @change=${this.onView}>
          <sp-action-button value="tree">Tree</sp-action-button>
          <sp-action-button value="json">JSON</sp-action-button>
        </sp-action-group>
        <input type="file" accept=".json,.jsonl,.ndjson,application/json" hidden @change=${this.onFile} />
      </header>
      ${many > 1 ? this.navigator(many) : nothing}
      ${this.problem === "" ? nothing : html`<div class="problem" role="alert">${this.problem}</div>`}
      ${session.textProblem === "" ? nothing : html`<div class="problem" role="alert">${session.textProblem}</div>`}
      <div class="body">
        ${this.view === "tree"
          ? html`<value-tree
              label="Stripe object"
              .value=${session.object}
              .chosen=${session.selection?.pane === "source" ? session.selection.path : undefined}
              .related=${session.related.sources}
              .marks=${this.marks()}
              @choose=${(event: CustomEvent<string>) => session.point({ pane: "source", path: event.detail })}
            ></value-tree>`
          : this.json()}
      </div>
    `;
  }

  private json(): TemplateResult {
    const { session } = this;
    if (session.text.length > MAX_SHOWN) {
      return html`<p class="problem">This object is too large for the editor. The tree shows it; edit the file itself.</p>`;
    }
    return html`<code-editor language="json" label="Stripe object as JSON" .value=${session.text} @edit=${this.onEdit}></code-editor>`;
  }

  private navigator(many: number): TemplateResult {
    const { session } = this;
    return html`<header class="nav">
      <sp-action-button size="s" quiet label="Previous object" ?disabled=${session.index === 0} @click=${() => session.show(session.index - 1)}>‹</sp-action-button>
      <span>object ${session.index + 1} of ${many.toLocaleString("en")}</span>
      <sp-action-button size="s" quiet label="Next object" ?disabled=${session.index + 1 >= many} @click=${() => session.show(session.index + 1)}>›</sp-action-button>
    </header>`;
  }

  private marked: Explanation | undefined;
  private mark: (path: string, value: unknown) => Mark | undefined = () => undefined;

  /** Marks for what becomes of each leaf; another function for another explanation, so that the tree is drawn anew. */
  private marks(): (path: string, value: unknown) => Mark | undefined {
    const { explanation } = this.session;
    if (explanation !== this.marked) {
      this.marked = explanation;
      const sources = new Map(explanation?.sources.map((each) => [general(each.path), each]));
      this.mark = (path, value) => {
        if (value !== null && typeof value === "object" && Object.keys(value).length > 0) return undefined;
        const source = sources.get(general(path));
        switch (source?.fate) {
          case "unmapped":
            return { text: "unmapped", tone: "notice", why: "No mapping reads this value. Select it and choose “Map this”." };
          case "dropped":
            return { text: "left out", tone: "neutral", why: source.reason ?? "Left out on purpose" };
          case "notInSchema":
            return { text: "no field", tone: "negative", why: "Its mapping writes a field that the schema does not have" };
          default:
            return undefined;
        }
      };
    }
    return this.mark;
  }

  private onView(event: Event): void {
    const [view] = (event.target as HTMLElement & { selected: string[] }).selected;
    if (view === "tree" || view === "json") this.view = view;
  }

  private onSample(event: Event): void {
    this.problem = "";
    void this.session.openSample((event.target as HTMLElement & { value: string }).value);
  }

  private onEdit(event: CustomEvent<string>): void {
    void this.session.editText(event.detail);
  }

  private pick(): void {
    this.renderRoot.querySelector("input")!.click();
  }

  private async onFile(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (file === undefined) return;
    await this.take(async () => {
      if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than ${MAX_BYTES / 1024 / 1024} MB; open a part of it, or use \`stripe-xdm transform\`.`);
      return file.text();
    }, file.name);
  }

  private async paste(): Promise<void> {
    await this.take(async () => {
      try {
        return await navigator.clipboard.readText();
      } catch {
        throw new Error("The browser does not let this page read the clipboard; choose JSON and paste there with the keyboard.");
      }
    }, "pasted");
  }

  private async take(read: () => Promise<string>, origin: string): Promise<void> {
    try {
      await this.session.openText(await read(), origin);
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

customElements.define("source-pane", SourcePane);
