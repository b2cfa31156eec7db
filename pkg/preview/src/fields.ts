// The fields of one dataset's schema, laid flat by destination: what can be written, of which type, and how
// sensitive it is.

import type { SchemaDefinition, SchemaField } from "stripe-xdm";
import { below, general, parse } from "./paths.ts";
import type { Library } from "./protocol.ts";

export interface Field {
  destination: string;
  type: string;
  title: string;
  description: string;
  labels: readonly string[];
  required: boolean;
  values: readonly string[];
}

/** Deepest nesting that is followed: data types may hold themselves. */
const DEPTH = 12;

/** The leaves of a dataset's schema by general destination (`payments[*].paymentAmount`). */
export function fieldsOf(library: Library, dataset: string): Map<string, Field> {
  const found = new Map<string, Field>();
  const schema = library.schemas.find((each) => each.name === dataset);
  if (schema === undefined) return found;
  const definitions = new Map(library.definitions.map((definition) => [definition.$id, definition]));

  const visit = (field: SchemaField, path: string, required: boolean, inherited: readonly string[], depth: number): void => {
    if (depth > DEPTH) return;
    const target = field.$ref === undefined ? undefined : definitions.get(field.$ref);
    const labels = [...new Set([...inherited, ...(field.labels ?? [])])];
    const properties = { ...target?.properties, ...field.properties };
    const names = Object.entries(properties);
    if (names.length > 0) {
      const needed = new Set([...(target?.required ?? []), ...(field.required ?? [])]);
      for (const [name, member] of names) visit(member, below(path, name), required && needed.has(name), labels, depth + 1);
      return;
    }
    if (field.items !== undefined) {
      const { items } = field;
      const isLeaf = items.$ref === undefined && items.properties === undefined;
      if (!isLeaf) {
        visit(items, `${path}[*]`, false, labels, depth + 1);
        return;
      }
    }
    found.set(general(path), {
      destination: path,
      type: kind(field),
      title: field.title ?? "",
      description: field.description ?? "",
      labels,
      required,
      values: Object.keys(field["meta:enum"] ?? {}).concat(field.enum ?? []),
    });
  };
  const whole = (definition: SchemaDefinition | undefined): void => {
    if (definition === undefined) return;
    const needed = new Set(definition.required);
    for (const [name, field] of Object.entries(definition.properties)) visit(field, name, needed.has(name), [], 0);
  };
  whole(schema.class === undefined ? undefined : definitions.get(schema.class));
  for (const group of schema.fieldGroups ?? []) whole(definitions.get(group));
  if (schema.fields !== undefined) visit(schema.fields, "", true, [], 0);
  for (const note of schema.notes ?? []) {
    if (note.labels === undefined) continue;
    const path = note.path.split("/").slice(1).join(".");
    const field = found.get(path);
    if (field !== undefined) found.set(path, { ...field, labels: [...new Set([...field.labels, ...note.labels])] });
    else found.set(path, { destination: path, type: "string", title: "", description: "", labels: note.labels, required: false, values: [] });
  }
  return found;
}

function kind(field: SchemaField): string {
  if (field.format === "date-time" || field.format === "date") return field.format;
  if (field.additionalProperties !== undefined) return `map<${field.additionalProperties.type ?? "any"}>`;
  if (field.type === "array") return `array<${field.items?.type ?? "any"}>`;
  return field.type ?? "any";
}

/** The field that a destination names; indices do not matter. */
export function fieldAt(fields: ReadonlyMap<string, Field>, destination: string): Field | undefined {
  const path = general(destination);
  // What is known about places in maps is noted without indices.
  return fields.get(path) ?? fields.get(path.replaceAll("[*]", ""));
}

/** What a person should notice about a destination. */
export type Badge = { kind: "money" | "time" | "person" | "secret"; text: string; why: string };

const PERSON = new Set(["I1", "I2", "S1", "S2", "PSPD", "RHD"]);

const LABELS: Readonly<Record<string, string>> = {
  I1: "identifies a person directly",
  I2: "identifies a person together with other data",
  S1: "tells exactly where somebody is",
  S2: "tells roughly where somebody is",
  C2: "must not go to third parties",
  C4: "must not be used for targeting on the site",
  C9: "must not be used for data science",
  C12: "opens without a login",
  PSPD: "sensitive personal data",
  RHD: "regulated health data",
};

/** What a data usage label says. */
export function labelText(label: string): string {
  return LABELS[label] ?? "a data usage label of the organisation";
}

const MONEY_NAME = /(amount|price(?!ID)|total|subtotal|fee(?!ID)|net|balance)(decimal)?$/i;

/** The badges of a mapping: from its expression, its type and its labels. */
export function badges(mapping: { source: string; destination: string; type?: string }, field: Field | undefined): Badge[] {
  const found: Badge[] = [];
  const last = parse(mapping.destination).findLast((segment) => typeof segment === "string" && segment !== "[*]");
  const type = mapping.type ?? field?.type ?? "";
  const numeric = ["number", "integer", "long"].includes(type);
  if (mapping.source.includes("stripe_major(") || (numeric && typeof last === "string" && (last.endsWith("Minor") || MONEY_NAME.test(last)))) {
    const minor = typeof last === "string" && last.endsWith("Minor");
    found.push({
      kind: "money",
      text: minor ? "minor" : "money",
      why: minor ? "Money in the currency's smallest unit, as Stripe has it" : "Money in whole units of the currency",
    });
  }
  if (type === "date-time" || type === "date") found.push({ kind: "time", text: "UTC", why: "A time, in UTC" });
  const personal = (field?.labels ?? []).filter((label) => PERSON.has(label));
  if (personal.length > 0) {
    found.push({ kind: "person", text: "personal", why: personal.map((label) => `${label}: ${labelText(label)}`).join("; ") });
  }
  if (field?.labels.includes("C12") === true) found.push({ kind: "secret", text: "secret", why: labelText("C12") });
  return found;
}
