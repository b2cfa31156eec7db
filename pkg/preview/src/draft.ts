// What a person edits: changes to one default model. It is kept as the difference to that model, the form in
// which the program and the package take it (`--mapping`, `settings.models`), so that what is saved stays
// small and follows the defaults when they grow.

import type { UserModel } from "stripe-xdm";

/** A mapping of a set, as Adobe writes it, with our type. */
export interface Mapping {
  sourceType: "ATTRIBUTE" | "EXPRESSION" | "STATIC";
  source: string;
  destination: string;
  type?: string;
}

/** The types that a mapping can have. */
export const TYPES: readonly string[] = ["string", "number", "integer", "long", "boolean", "date", "date-time", "map<string>", "map<integer>", "array<string>"];

/** One change: of a mapping of the default model, or one of its own. */
export interface Edit {
  /** Names the row for as long as it is edited. */
  readonly id: string;
  /** Destination of the default's mapping that it changes; absent when it is an additional one. */
  readonly of?: string;
  readonly mapping: Mapping;
  /** Whether it is not to be written. */
  readonly off: boolean;
}

/** What a file may say of a model besides its mappings; kept as it is. */
export type Also = Pick<UserModel, "dataset" | "embedded" | "dropped" | "schema">;

/** The changes to the model of one resource, or what stands in its place. */
export interface Draft {
  readonly resource: string;
  readonly variant: "event" | "record";
  readonly edits: readonly Edit[];
  /** Whether the default's mappings are forgotten: the set is the whole model. */
  readonly replace?: boolean;
  readonly also?: Also;
}

/** A line of the table. */
export interface Row {
  readonly id: string;
  readonly mapping: Mapping;
  /** What the default model has there. */
  readonly original?: Mapping;
  /** `own` are the lines of a set that stands in the default's place. */
  readonly state: "default" | "changed" | "added" | "own" | "off";
}

export function emptyDraft(resource: string, variant: "event" | "record"): Draft {
  return { resource, variant, edits: [] };
}

/** Whether a draft says anything at all. */
export function isEmpty(draft: Draft): boolean {
  return draft.edits.length === 0 && draft.replace !== true && draft.also === undefined;
}

/** The table: the default's mappings with the draft's changes in their place, then what it adds. */
export function rows(defaults: readonly Mapping[], draft: Draft): Row[] {
  if (draft.replace === true) return draft.edits.map(({ id, mapping, off }): Row => ({ id, mapping, state: off ? "off" : "own" }));
  const edits = new Map(draft.edits.filter((edit) => edit.of !== undefined).map((edit) => [edit.of, edit]));
  const known = new Set<string>();
  const table = defaults.map((original): Row => {
    known.add(original.destination);
    const edit = edits.get(original.destination);
    if (edit === undefined) return { id: original.destination, mapping: original, original, state: "default" };
    return { id: edit.id, mapping: edit.mapping, original, state: edit.off ? "off" : "changed" };
  });
  const added = draft.edits.filter((edit) => edit.of === undefined || !known.has(edit.of));
  return table.concat(
    added.map((edit): Row => ({ id: edit.id, mapping: edit.mapping, state: edit.off ? "off" : "added" })),
  );
}

/** The draft with a row's mapping or state changed. A row that is as the default has it is no change. */
export function change(draft: Draft, row: Row, to: { mapping?: Mapping; off?: boolean }): Draft {
  const mapping = to.mapping ?? row.mapping;
  const off = to.off ?? row.state === "off";
  const of = row.original?.destination;
  const edit: Edit = { id: row.id, ...(of === undefined ? {} : { of }), mapping, off };
  const others = draft.edits.filter((each) => each.id !== row.id);
  if (row.original !== undefined && !off && equal(mapping, row.original)) return { ...draft, edits: others };
  // In its place, so that the order of what is added stays.
  const at = draft.edits.findIndex((each) => each.id === row.id);
  const edits = at < 0 ? [...draft.edits, edit] : draft.edits.map((each, index) => (index === at ? edit : each));
  return { ...draft, edits };
}

/** The draft without what it says of a row: an added one goes, another is as the default has it again. */
export function revert(draft: Draft, id: string): Draft {
  return { ...draft, edits: draft.edits.filter((edit) => edit.id !== id) };
}

/** The draft with one mapping more, and the row's id. */
export function add(draft: Draft, mapping: Mapping): { draft: Draft; id: string } {
  const taken = new Set(draft.edits.map((edit) => edit.id));
  let number = 1;
  while (taken.has(`+${number}`)) number += 1;
  const id = `+${number}`;
  return { draft: { ...draft, edits: [...draft.edits, { id, mapping, off: false }] }, id };
}

/** An added mapping moved among the added ones: the later of two to one destination wins. */
export function move(draft: Draft, id: string, by: -1 | 1): Draft {
  const edits = [...draft.edits];
  const from = edits.findIndex((edit) => edit.id === id);
  let to = from + by;
  while (edits[to] !== undefined && edits[to]?.of !== undefined) to += by;
  const [one, other] = [edits[from], edits[to]];
  if (one === undefined || other === undefined) return draft;
  edits[from] = other;
  edits[to] = one;
  return { ...draft, edits };
}

export function equal(a: Mapping, b: Mapping): boolean {
  return (
    a.sourceType === b.sourceType && a.source === b.source && a.destination === b.destination && a.type === b.type
  );
}

/** The draft as the program and the package take it, without the rows that cannot be taken. */
export function userModel(draft: Draft, without: ReadonlySet<string> = new Set()): UserModel | undefined {
  const used = draft.edits.filter((edit) => !without.has(edit.id));
  const mappings = used.filter((edit) => !edit.off).map((edit) => edit.mapping);
  const drop = used.flatMap((edit) => {
    const gone = edit.of !== undefined && (edit.off || edit.mapping.destination !== edit.of);
    return gone ? [edit.of!] : [];
  });
  if (isEmpty(draft) || (mappings.length + drop.length === 0 && draft.edits.length > 0 && draft.replace !== true)) return undefined;
  return {
    resource: draft.resource,
    variant: draft.variant,
    ...draft.also,
    mappingSet: { mappings },
    ...(drop.length > 0 ? { drop } : {}),
    ...(draft.replace === true ? { replace: true } : {}),
  };
}

/** A draft whose mappings stand in the default's place. Adobe's sets know no types: fields keep the default's. */
export function inPlace(start: Draft, defaults: readonly Mapping[], mappings: readonly Mapping[]): Draft {
  const types = new Map(defaults.map(({ destination, type }) => [destination, type]));
  const edits = mappings.map((mapping, index): Edit => {
    const type = mapping.type ?? types.get(mapping.destination);
    return { id: `+${index + 1}`, mapping: type === undefined ? mapping : { ...mapping, type }, off: false };
  });
  return { ...start, edits, replace: true };
}

/** A draft that lays a set, as `import` of the module has read it, over the default. */
export function fromMappings(
  start: Draft,
  defaults: readonly Mapping[],
  mappings: readonly Mapping[],
  drop: readonly string[],
): Draft {
  const byDestination = new Map(defaults.map((mapping) => [mapping.destination, mapping]));
  let draft = start;
  for (const mapping of mappings) {
    const original = byDestination.get(mapping.destination);
    if (original === undefined) {
      draft = add(draft, mapping).draft;
    } else {
      // Adobe's sets know no types: the field keeps its own.
      const typed = mapping.type === undefined && original.type !== undefined ? { ...mapping, type: original.type } : mapping;
      draft = change(draft, { id: original.destination, mapping: original, original, state: "default" }, { mapping: typed });
    }
  }
  for (const original of defaults) {
    const { destination } = original;
    const isBelow = drop.some((path) => destination === path || destination.startsWith(`${path}.`) || destination.startsWith(`${path}[`));
    const isWritten = mappings.some((mapping) => mapping.destination === destination);
    if (isBelow && !isWritten) {
      draft = change(draft, { id: destination, mapping: original, original, state: "default" }, { off: true });
    }
  }
  return draft;
}
