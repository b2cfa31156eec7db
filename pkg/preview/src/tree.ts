// A JSON value as a tree: what both objects and records are shown with. Keyboard as in every tree: arrows
// move, right opens, left closes, Enter points at.

import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { below, touch } from "./paths.ts";

/** What a tree shows beside a value. */
export interface Mark {
  text: string;
  /** Decides the colour. */
  tone: "positive" | "negative" | "notice" | "neutral" | "informative";
  why: string;
}

interface Line {
  path: string;
  name: string;
  depth: number;
  value: unknown;
  /** How many members it has; -1 for what is no container. */
  members: number;
  open: boolean;
  position: number;
  siblings: number;
}

/** Most lines that are drawn; more would make the page slow and are of no use to eyes. */
const MAX_LINES = 3000;

export class ValueTree extends LitElement {
  static override properties = {
    value: { attribute: false },
    label: {},
    chosen: {},
    related: { attribute: false },
    marks: { attribute: false },
    closed: { state: true },
    focused: { state: true },
  };

  declare value: unknown;
  declare label: string;
  /** The path that is pointed at. */
  declare chosen: string | undefined;
  /** Paths that belong to what is pointed at elsewhere. */
  declare related: ReadonlySet<string>;
  declare marks: (path: string, value: unknown) => Mark | undefined;
  private declare closed: ReadonlySet<string>;
  private declare focused: string;
  private lines: Line[] = [];

  constructor() {
    super();
    this.value = undefined;
    this.label = "";
    this.related = new Set();
    this.marks = () => undefined;
    this.closed = new Set();
    this.focused = "";
  }

  static override styles = css`
    :host { display: block; position: relative; overflow: auto; font: var(--code-font); }
    ul { list-style: none; margin: 0; padding: 4px 0 12px; }
    li { display: flex; align-items: center; gap: 6px; min-height: 22px; padding-inline: 8px; cursor: pointer; border-left: 3px solid transparent; white-space: pre; outline-offset: -2px; content-visibility: auto; contain-intrinsic-block-size: 22px; }
    li:hover { background: var(--hover); }
    li:focus-visible { outline: 2px solid var(--focus); }
    li.related { background: var(--related); border-left-color: var(--related-edge); }
    li.chosen { background: var(--chosen); border-left-color: var(--focus); }
    .twist { width: 12px; flex: none; color: var(--quiet); text-align: center; }
    .name { color: var(--text); flex: none; max-width: 70%; overflow: hidden; text-overflow: ellipsis; }
    .string, .number { min-width: 2ch; overflow: hidden; text-overflow: ellipsis; }
    .string { color: var(--string); } .number { color: var(--number); } .boolean { color: var(--keyword); } .null { color: var(--quiet); }
    .count { color: var(--quiet); }
    .mark { flex: none; font: 600 11px/16px var(--sans); border-radius: 8px; padding: 0 7px; margin-left: 4px; }
    .positive { background: var(--positive-bg); color: var(--positive-fg); } .negative { background: var(--negative-bg); color: var(--negative-fg); }
    .notice { background: var(--notice-bg); color: var(--notice-fg); } .informative { background: var(--info-bg); color: var(--info-fg); }
    .neutral { background: var(--neutral-bg); color: var(--neutral-fg); }
    .more { padding: 8px 12px; font: 13px var(--sans); color: var(--quiet); }
  `;

  private walk(): Line[] {
    const lines: Line[] = [];
    const visit = (value: unknown, path: string, depth: number): void => {
      const entries: [string | number, unknown][] = Array.isArray(value)
        ? value.map((each, index) => [index, each])
        : Object.entries(value as Record<string, unknown>);
      entries.forEach(([name, member], index) => {
        if (lines.length >= MAX_LINES) return;
        const at = below(path, name);
        const members = member !== null && typeof member === "object" ? Object.keys(member).length : -1;
        const open = members > 0 && !this.closed.has(at);
        lines.push({ path: at, name: String(name), depth, value: member, members, open, position: index + 1, siblings: entries.length });
        if (open) visit(member, at, depth + 1);
      });
    };
    if (this.value !== null && typeof this.value === "object") visit(this.value, "", 0);
    return lines;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("value") || changed.has("closed")) {
      this.lines = this.walk();
      if (!this.lines.some((line) => line.path === this.focused)) this.focused = this.lines[0]?.path ?? "";
    }
  }

  protected override updated(changed: PropertyValues): void {
    // What belongs to a choice made elsewhere comes into sight.
    if (changed.has("related") && this.related.size > 0 && this.chosen === undefined) {
      const first = this.renderRoot.querySelector("li.related.leaf") ?? this.renderRoot.querySelector("li.related");
      if (first instanceof HTMLElement) this.bringIntoSight(first);
    }
  }

  /** Up or down only: sideways, names would go out of sight. */
  private bringIntoSight(line: HTMLElement): void {
    const [top, bottom] = [line.offsetTop, line.offsetTop + line.offsetHeight];
    if (top < this.scrollTop) this.scrollTop = top - 44;
    else if (bottom > this.scrollTop + this.clientHeight) this.scrollTop = bottom - this.clientHeight + 44;
  }

  protected override render(): TemplateResult {
    return html`<ul role="tree" aria-label=${this.label} @keydown=${this.onKey}>
        ${this.lines.map((line) => this.line(line))}
      </ul>
      ${this.lines.length >= MAX_LINES
        ? html`<p class="more">Only the first ${MAX_LINES} lines are drawn; close branches to see others, or look at the JSON.</p>`
        : nothing}`;
  }

  private line(line: Line): TemplateResult {
    const related = this.isRelated(line);
    const chosen = this.chosen === line.path;
    const mark = this.marks(line.path, line.value);
    return html`<li
      role="treeitem"
      class="${chosen ? "chosen" : related ? "related" : ""} ${line.members < 0 ? "leaf" : ""}"
      data-path=${line.path}
      aria-level=${line.depth + 1}
      aria-posinset=${line.position}
      aria-setsize=${line.siblings}
      aria-selected=${chosen || related}
      aria-expanded=${line.members > 0 ? String(line.open) : nothing}
      tabindex=${this.focused === line.path ? 0 : -1}
      .style=${`padding-left: ${8 + line.depth * 16}px`}
      @click=${() => this.choose(line)}
    ><span class="twist" aria-hidden="true" @click=${(event: Event) => this.twist(event, line)}>${line.members > 0 ? (line.open ? "▾" : "▸") : ""}</span
      ><span class="name">${line.name}</span>${this.shown(line)}${mark === undefined
        ? nothing
        : html`<span class="mark ${mark.tone}" title=${mark.why}>${mark.text}</span>`}</li>`;
  }

  private isRelated(line: Line): boolean {
    if (line.members > 0 && line.open) return false;
    for (const path of this.related) if (touch(path, line.path)) return true;
    return false;
  }

  private shown(line: Line): TemplateResult {
    const { value } = line;
    if (line.members >= 0) {
      const text = Array.isArray(value) ? `[${line.members}]` : line.members === 0 ? "{}" : line.open ? "" : `{${line.members}}`;
      return html`<span class="count">${text}</span>`;
    }
    const kind = value === null ? "null" : typeof value === "bigint" ? "number" : typeof value;
    const text = typeof value === "string" ? JSON.stringify(value) : String(value);
    return html`<span class=${kind} title=${text.length > 24 ? text.slice(0, 2000) : nothing}>${text.length > 120 ? `${text.slice(0, 120)}…` : text}</span>`;
  }

  private choose(line: Line): void {
    this.focused = line.path;
    this.dispatchEvent(new CustomEvent("choose", { detail: line.path }));
  }

  private twist(event: Event, line: Line): void {
    event.stopPropagation();
    this.setOpen(line, !line.open);
  }

  private setOpen(line: Line, open: boolean): void {
    const closed = new Set(this.closed);
    if (open) closed.delete(line.path);
    else closed.add(line.path);
    this.closed = closed;
  }

  private async onKey(event: KeyboardEvent): Promise<void> {
    const at = this.lines.findIndex((line) => line.path === this.focused);
    const line = this.lines[at];
    if (line === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    let to = at;
    switch (event.key) {
      case "ArrowDown": to = at + 1; break;
      case "ArrowUp": to = at - 1; break;
      case "Home": to = 0; break;
      case "End": to = this.lines.length - 1; break;
      case "ArrowRight":
        if (line.members > 0 && !line.open) this.setOpen(line, true);
        else if (line.open) to = at + 1;
        break;
      case "ArrowLeft":
        if (line.open) this.setOpen(line, false);
        else while (to > 0 && this.lines[to]!.depth >= line.depth) to -= 1;
        break;
      case "Enter":
      case " ":
        this.choose(line);
        break;
      default:
        return;
    }
    event.preventDefault();
    this.focused = this.lines[Math.min(Math.max(to, 0), this.lines.length - 1)]?.path ?? this.focused;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('li[tabindex="0"]')?.focus();
  }
}

customElements.define("value-tree", ValueTree);
