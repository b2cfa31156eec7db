// The Stripe object: where it comes from, as a tree and as text that can be edited.

import { css, html, nothing, type TemplateResult } from "lit";
import { general } from "./paths.ts";
import type { Explanation } from "./protocol.ts";
import { Pane } from "./pane.ts";
import { MAX_BYTES, MAX_SHOWN } from "./objects.ts";
import { placeOf, sourceAt } from "./provenance.ts";
import { SAMPLE_GROUPS } from "./samples.ts";
import type { Pointed } from "./json-places.ts";
import type { Mark } from "./tree.ts";
import { lately } from "./words.ts";

export class SourcePane extends Pane {
  static override properties = { ...Pane.properties, view: { state: true }, problem: { state: true } };
  static override styles = [
    ...Pane.styles,
    css`
      .from, .nav { padding-block: 5px; } .from sp-picker { flex: 1; min-width: 90px; }
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
        <h2>Stripe object</h2>
        <span class="grow"></span>
        <sp-action-group size="s" compact selects="single" label="View of the object" .selected=${[this.view]} @change=${this.onView}>
          <sp-action-button value="tree">Tree</sp-action-button>
          <sp-action-button value="json">JSON</sp-action-button>
        </sp-action-group>
      </header>
      <header class="from">
        <sp-picker size="s" label="Sample" value=${session.origin.replace("sample: ", "")} @change=${this.onSample}>
          <span slot="label">${session.origin === "" ? "Sample" : session.origin.replace("sample: ", "")}</span>
          ${SAMPLE_GROUPS.map(({ title, samples }) => html`<sp-menu-group><span slot="header">${title}</span>
            ${samples.map(({ name, text }) => html`<sp-menu-item value=${name}>${text}</sp-menu-item>`)}</sp-menu-group>`)}
        </sp-picker>
        <sp-action-button size="s" label="Open a file of objects" title="Open a file: one object, a list, or JSON lines" @click=${this.pick}>Open</sp-action-button>
        <sp-action-button size="s" label="Paste objects" title="Paste from the clipboard" @click=${this.paste}>Paste</sp-action-button>
        <input type="file" accept=".json,.jsonl,.ndjson,application/json" hidden @change=${this.onFile} />
      </header>
      ${many > 1 ? this.navigator(many) : nothing}
      ${this.problem === "" ? nothing : html`<div class="problem" role="alert">${this.problem}</div>`}
      ${session.textProblem === "" ? nothing : html`<div class="problem" role="alert">${session.textProblem}</div>`}
      <div class="body" @dragover=${(event: DragEvent) => event.preventDefault()} @drop=${this.onDrop}>
        ${this.view === "tree"
          ? html`<value-tree
              label="Stripe object"
              .value=${session.object}
              .chosen=${this.chosen}
              .related=${this.related(session.related.sources, session.root)}
              .marks=${this.marks()}
              @choose=${(event: CustomEvent<string>) => this.choose(event.detail)}
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
    return html`<code-editor language="json" label="Stripe object as JSON" .value=${session.text} .pointed=${this.pointed(this.chosen, this.related(session.related.sources, session.root))}
      @edit=${this.onEdit} @choose=${(event: CustomEvent<string>) => this.choose(event.detail)}></code-editor>`;
  }

  private navigator(many: number): TemplateResult {
    const { session } = this;
    return html`<header class="nav">
      <sp-action-button size="s" quiet label="Previous object" ?disabled=${session.index === 0} @click=${() => session.show(session.index - 1)}>‹</sp-action-button>
      <span>object ${session.index + 1} of ${many.toLocaleString("en")}</span>
      <sp-action-button size="s" quiet label="Next object" ?disabled=${session.index + 1 >= many} @click=${() => session.show(session.index + 1)}>›</sp-action-button>
    </header>`;
  }

  /** The place that is pointed at. */
  private get chosen(): string | undefined {
    const { selection, root } = this.session;
    return selection?.pane === "source" ? placeOf(selection.path, root) : undefined;
  }

  private readonly related = lately((sources: ReadonlySet<string>, root: string) => new Set([...sources].flatMap((source) => placeOf(source, root) ?? [])));

  private readonly pointed = lately((chosen: string | undefined, related: ReadonlySet<string>): Pointed => ({ chosen, related }));

  private choose(place: string): void {
    this.session.point({ pane: "source", path: sourceAt(place, this.session.root) });
  }

  private marked: Explanation | undefined;
  private mark: (path: string, value: unknown) => Mark | undefined = () => undefined;

  /** Marks for what becomes of each leaf; another function for another explanation, so that the tree is drawn anew. */
  private marks(): (path: string, value: unknown) => Mark | undefined {
    const { explanation, root } = this.session;
    if (explanation !== this.marked) {
      this.marked = explanation;
      const sources = new Map(explanation?.sources.map((each) => [general(each.path), each]));
      this.mark = (path, value) => {
        if (value !== null && typeof value === "object" && Object.keys(value).length > 0) return undefined;
        const source = sources.get(general(sourceAt(path, root)));
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
    if (file !== undefined) await this.openFile(file);
  }

  private async openFile(file: File): Promise<void> {
    await this.take(async () => {
      if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than ${MAX_BYTES / 1024 / 1024} MB; open a part of it, or use \`stripe-xdm transform\`.`);
      await this.session.openFile(file);
    });
  }

  private async paste(): Promise<void> {
    await this.take(async () => {
      let text: string;
      try {
        text = await navigator.clipboard.readText();
      } catch {
        throw new Error("The browser does not let this page read the clipboard; choose JSON and paste there with the keyboard.");
      }
      await this.session.openText(text, "pasted");
    });
  }

  /** Lets a file be dropped anywhere on the pane. */
  private onDrop(event: DragEvent): void {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) void this.openFile(file);
  }

  private async take(open: () => Promise<void>): Promise<void> {
    try {
      await open();
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

customElements.define("source-pane", SourcePane);
