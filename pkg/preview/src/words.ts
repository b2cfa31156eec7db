// What the editors complete and tell about.

import type { LanguageFunction } from "stripe-xdm";
import type { Word } from "./editor.ts";
import { labelText, type Field } from "./fields.ts";
import type { Explanation } from "./protocol.ts";

/** Fields of the object, and the functions with the examples that Adobe documents. */
export function sourceWords(functions: readonly LanguageFunction[], explanation: Explanation | undefined): readonly Word[] {
  const sources = (explanation?.sources ?? []).map(
    (each): Word => ({ label: each.path, kind: "field", detail: "", about: each.destinations.length > 0 ? `Read for ${each.destinations.slice(0, 4).join(", ")}` : "Not mapped yet" }),
  );
  const known = functions.map(
    (each): Word => ({
      label: each.function,
      kind: "function",
      detail: each.syntax.replace(/^\S+\s/, "").replace(each.function, ""),
      about: `${each.description}\n${each.example} → ${each.result}`,
    }),
  );
  return [...sources, ...known];
}

/** The fields of the schema. */
export function destinationWords(fields: ReadonlyMap<string, Field>): readonly Word[] {
  return [...fields.values()].map((field) => ({
    label: field.destination,
    kind: "field",
    detail: field.type,
    about: [field.title, field.description, ...field.labels.map((label) => `${label}: ${labelText(label)}`)].filter((part) => part !== "").join("\n"),
  }));
}

/** The same function, whose last answer is kept for as long as it is asked the same. */
export function lately<A extends readonly unknown[], R>(compute: (...takes: A) => R): (...takes: A) => R {
  let last: { takes: A; gives: R } | undefined;
  return (...takes) => {
    if (last === undefined || takes.some((each, index) => each !== last!.takes[index])) last = { takes, gives: compute(...takes) };
    return last.gives;
  };
}
