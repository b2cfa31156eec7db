// Where in JSON text the values stand, so that a value can be pointed at in the text as in the tree.

import { ensureSyntaxTree } from "@codemirror/language";
import { StateEffect, StateField, type EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, type DecorationSet } from "@codemirror/view";
import { below, touch } from "./paths.ts";

type Node = NonNullable<ReturnType<typeof ensureSyntaxTree>>["topNode"];

/** Most milliseconds that are spent on reading the text. */
const PATIENCE = 50;

const VALUES = new Set(["Object", "Array", "String", "Number", "True", "False", "Null"]);

/** Calls `visit` with every value below the top one; `false` goes no deeper. */
function walk(state: EditorState, visit: (path: string, from: number, to: number, isLeaf: boolean) => boolean): void {
  const tree = ensureSyntaxTree(state, state.doc.length, PATIENCE);
  const into = (node: Node, path: string): void => {
    let index = 0;
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      if (child.name === "Property") {
        const name = child.getChild("PropertyName");
        const value = child.lastChild;
        if (name !== null && value !== null && VALUES.has(value.name)) member(value, below(path, nameOf(state, name)), child.from);
      } else if (node.name === "Array" && VALUES.has(child.name)) {
        member(child, below(path, index), child.from);
        index += 1;
      }
    }
  };
  const member = (value: Node, path: string, from: number): void => {
    const isLeaf = value.name !== "Object" && value.name !== "Array";
    if (visit(path, from, value.to, isLeaf) && !isLeaf) into(value, path);
  };
  const top = tree?.topNode.firstChild;
  if (top !== null && top !== undefined) into(top, "");
}

function nameOf(state: EditorState, name: Node): string {
  try {
    return JSON.parse(state.sliceDoc(name.from, name.to)) as string;
  } catch {
    // Half written.
    return state.sliceDoc(name.from + 1, name.to - 1);
  }
}

/** The path of the innermost value at a position. */
export function pathAt(state: EditorState, position: number): string | undefined {
  let found: string | undefined;
  walk(state, (path, from, to) => {
    const inside = from <= position && position <= to;
    if (inside) found = path;
    return inside;
  });
  return found;
}

/** What is pointed at, and what belongs to it. */
export interface Pointed {
  chosen: string | undefined;
  related: ReadonlySet<string>;
}

const point = StateEffect.define<Pointed>();
const lines = { chosen: Decoration.line({ class: "cm-chosen" }), related: Decoration.line({ class: "cm-related" }) };

function decorate(state: EditorState, { chosen, related }: Pointed): DecorationSet {
  if (chosen === undefined && related.size === 0) return Decoration.none;
  const found = new Map<number, "chosen" | "related">();
  walk(state, (path, from, _to, isLeaf) => {
    const start = state.doc.lineAt(from).from;
    if (path === chosen) found.set(start, "chosen");
    else if (isLeaf && !found.has(start) && [...related].some((each) => touch(each, path))) found.set(start, "related");
    return true;
  });
  return Decoration.set([...found].sort(([one], [other]) => one - other).map(([start, kind]) => lines[kind].range(start)));
}

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    const effect = transaction.effects.find((each) => each.is(point));
    return effect === undefined ? marks.map(transaction.changes) : decorate(transaction.state, effect.value);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Lights up what is pointed at, and brings what was pointed at elsewhere into sight. */
export function light(view: EditorView, pointed: Pointed): void {
  view.dispatch({ effects: point.of(pointed) });
  const first = view.state.field(shown).iter();
  if (first.value === null || view.hasFocus) return;
  view.dispatch({ effects: EditorView.scrollIntoView(first.from, { y: "nearest", yMargin: 40 }) });
}

/** Tells where the cursor is put. */
export function pointing(told: (path: string) => void): Extension {
  return [
    shown,
    EditorView.updateListener.of((update) => {
      if (update.docChanged || !update.selectionSet || !update.transactions.some((each) => each.isUserEvent("select"))) return;
      const path = pathAt(update.state, update.state.selection.main.head);
      if (path !== undefined) told(path);
    }),
  ];
}
