// CodeMirror as an element: JSON, and the mapping language with what the module knows about it. It lives in
// a shadow root, where its styles are style sheets of their own and need no exception in the page's policy.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { HighlightStyle, StreamLanguage, bracketMatching, foldGutter, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { LitElement, css, html, type PropertyValues, type TemplateResult } from "lit";
import { general } from "./paths.ts";
import { light, pointing, type Pointed } from "./json-places.ts";

/** Something to complete, or to tell about when the pointer rests on it. */
export interface Word {
  label: string;
  kind: "function" | "field";
  detail: string;
  about: string;
}

/** A mistake by offsets into the text. */
export interface Fault {
  from: number;
  to: number;
  message: string;
}

const expressions = StreamLanguage.define<null>({
  name: "data-prep",
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^\d+(?:\.\d+)?/)) return "number";
    if (stream.match(/^(?:true|false|null)\b/)) return "keyword";
    if (stream.match(/^[A-Za-z_][\w]*(?=\s*\()/)) return "variableName.function";
    if (stream.match(/^[A-Za-z_$][\w$]*/)) return "variableName";
    if (stream.match(/^[-+*/%=!<>&|?:~^]+/)) return "operator";
    stream.next();
    return null;
  },
  languageData: { closeBrackets: { brackets: ["(", "[", "{", '"', "'"] } },
});

const colours = HighlightStyle.define([
  { tag: [tags.string, tags.propertyName], color: "var(--string)" },
  { tag: tags.propertyName, color: "var(--text)" },
  { tag: tags.number, color: "var(--number)" },
  { tag: [tags.keyword, tags.bool, tags.null], color: "var(--keyword)" },
  { tag: tags.function(tags.variableName), color: "var(--function)", fontWeight: "600" },
  { tag: tags.operator, color: "var(--quiet)" },
]);

const look = EditorView.theme({
  "&": { minHeight: "0", minWidth: "0", backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--quiet)", border: "none" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--chosen) !important" },
  ".cm-chosen": { backgroundColor: "var(--chosen)" },
  ".cm-related": { backgroundColor: "var(--related)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "6px", maxWidth: "420px" },
  ".cm-tooltip .about": { padding: "8px 10px", font: "13px/18px var(--sans)", whiteSpace: "pre-wrap" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--focus)", color: "#fff" },
  ".cm-completionDetail": { color: "inherit", opacity: "0.75", fontStyle: "normal" },
});

export class CodeEditor extends LitElement {
  static override properties = {
    value: {},
    label: {},
    language: {},
    hint: {},
    readonly: { type: Boolean },
    words: { attribute: false },
    faults: { attribute: false },
    pointed: { attribute: false },
  };

  declare value: string;
  declare label: string;
  declare language: "json" | "expression" | "text";
  declare hint: string;
  declare readonly: boolean;
  declare words: readonly Word[];
  declare faults: readonly Fault[];
  /** Of JSON: the places to light up. */
  declare pointed: Pointed | undefined;
  private view: EditorView | undefined;
  private readonly language_ = new Compartment();
  private readonly writable = new Compartment();

  constructor() {
    super();
    this.value = "";
    this.label = "";
    this.language = "json";
    this.hint = "";
    this.readonly = false;
    this.words = [];
    this.faults = [];
    this.pointed = undefined;
  }

  static override styles = css`
    :host { display: flex; overflow: hidden; min-height: 0; }
    /* Not every div: CodeMirror puts its tooltips beside it. */
    .place { flex: 1; min-width: 0; display: grid; }
  `;

  protected override render(): TemplateResult {
    return html`<div class="place"></div>`;
  }

  protected override firstUpdated(): void {
    const parent = this.renderRoot.querySelector(".place")!;
    const extensions: Extension[] = [
      history(),
      closeBrackets(),
      bracketMatching(),
      syntaxHighlighting(colours),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": this.label }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        const text = update.state.doc.toString();
        if (text === this.value) return;
        this.value = text;
        this.dispatchEvent(new CustomEvent("edit", { detail: text }));
      }),
      // Tab leaves the editor, as in every field; Ctrl-Space completes.
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
      this.language_.of(this.tongue()),
      this.writable.of(this.permission()),
      autocompletion({ override: this.language === "json" ? [] : [(context) => this.complete(context)], icons: false, interactionDelay: 0 }),
      hoverTooltip((view, position) => this.about(view, position)),
      ...(this.hint === "" ? [] : [placeholder(this.hint)]),
      ...(this.language === "json" ? [lineNumbers(), foldGutter(), lintGutter(), pointing((path) => this.dispatchEvent(new CustomEvent("choose", { detail: path })))] : []),
    ];
    this.view = new EditorView({
      parent,
      root: this.renderRoot as ShadowRoot,
      state: EditorState.create({ doc: this.value, extensions }),
    });
    this.tellFaults();
    if (this.pointed !== undefined) light(this.view, this.pointed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.view?.destroy();
    this.view = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated && this.view === undefined) this.firstUpdated();
  }

  override focus(): void {
    this.view?.focus();
  }

  protected override updated(changed: PropertyValues): void {
    const { view } = this;
    if (view === undefined) return;
    if (changed.has("value") && view.state.doc.toString() !== this.value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: this.value } });
    }
    if (changed.has("language")) view.dispatch({ effects: this.language_.reconfigure(this.tongue()) });
    if (changed.has("readonly")) view.dispatch({ effects: this.writable.reconfigure(this.permission()) });
    if (changed.has("faults")) this.tellFaults();
    if (this.pointed !== undefined && (changed.has("pointed") || changed.has("value"))) light(view, this.pointed);
  }

  private tongue(): Extension {
    if (this.language === "json") return json();
    return this.language === "expression" ? expressions : [];
  }

  private permission(): Extension {
    return this.readonly ? [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })] : [];
  }

  private tellFaults(): void {
    const { view } = this;
    if (view === undefined) return;
    const end = view.state.doc.length;
    const diagnostics = this.faults.map(({ from, to, message }): Diagnostic => {
      const start = Math.min(Math.max(from, 0), end);
      return { from: start, to: Math.min(Math.max(to, start), end), message, severity: "error" };
    });
    view.dispatch(setDiagnostics(view.state, diagnostics));
  }

  private complete(context: CompletionContext): CompletionResult | null {
    const word = context.matchBefore(/[\w$.[\]*]+/);
    if (word === null && !context.explicit) return null;
    const options = this.words
      .filter((each) => this.language === "expression" || each.kind === "field")
      .map(({ label, kind, detail, about }) => ({
        label,
        detail,
        info: about === "" ? undefined : about,
        type: kind === "function" ? "function" : "property",
        ...(kind === "function" ? { apply: `${label}(` } : {}),
      }))
      .map(({ info, ...option }) => (info === undefined ? option : { ...option, info }));
    return { from: word?.from ?? context.pos, options, validFor: /^[\w$.[\]*]*$/ };
  }

  private about(view: EditorView, position: number): ReturnType<Parameters<typeof hoverTooltip>[0]> {
    const line = view.state.doc.lineAt(position);
    for (const match of line.text.matchAll(/[A-Za-z_$][\w$.[\]*]*/g)) {
      const from = line.from + match.index;
      const to = from + match[0].length;
      if (position < from || position > to) continue;
      const word = this.words.find((each) => each.label === match[0]) ?? this.words.find((each) => general(each.label) === general(match[0]));
      if (word === undefined || word.about === "") return null;
      return {
        pos: from,
        end: to,
        create: () => {
          const dom = document.createElement("div");
          dom.className = "about";
          dom.textContent = `${word.label}  ${word.detail}\n${word.about}`;
          return { dom };
        },
      };
    }
    return null;
  }
}

customElements.define("code-editor", CodeEditor);
