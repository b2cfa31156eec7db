// Names that are nearly the one that was written, and mends that are safe to make by a click.

import { fieldAt, type Field } from "./fields.ts";
import type { Mapping } from "./draft.ts";
import { general, touch } from "./paths.ts";
import type { Mistake } from "./protocol.ts";

/** How many letters are wrong, missing, too many or swapped; more than `most` counts as `most + 1`. */
function distance(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let at = 1; at <= one.length; at++) {
    const row = [at];
    let least = at;
    for (let to = 1; to <= other.length; to++) {
      const same = one[at - 1] === other[to - 1];
      let cost = Math.min(last[to]! + 1, row[to - 1]! + 1, last[to - 1]! + (same ? 0 : 1));
      if (at > 1 && to > 1 && one[at - 1] === other[to - 2] && one[at - 2] === other[to - 1]) cost = Math.min(cost, before[to - 2]! + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    [before, last] = [last, row];
  }
  return last[other.length]!;
}

/** The name that was probably meant; none when several are as near, or all are far. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const most = Math.min(3, Math.max(1, Math.floor(name.length / 4)));
  let found: { name: string; distance: number; alone: boolean } | undefined;
  for (const each of names) {
    const found_ = distance(name.toLowerCase(), each.toLowerCase(), found?.distance ?? most);
    if (found_ > (found?.distance ?? most)) continue;
    found = { name: each, distance: found_, alone: found === undefined || found_ < found.distance || found.name === each };
  }
  return found?.alone === true ? found.name : undefined;
}

/** Something that a click mends. */
export interface Mend {
  /** What is odd about it; empty when a mistake already says so. */
  says: string;
  /** What is written instead. */
  write: string;
  part: Partial<Mapping>;
}

/** A path in an expression, unless it is called. What stands in quotes is matched first, to be passed over. */
const NAMES = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*|\[(?:\*|\d+)\])*(?!\s*\(|[\w$])/g;
const WORDS = new Set(["true", "false", "null"]);

/** Mends of names that are nearly right: functions, fields of the object, fields of the schema. */
export function mends(mapping: Mapping, mistakes: readonly Mistake[], sources: readonly string[], fields: ReadonlyMap<string, Field>): Mend[] {
  const found: Mend[] = [];
  for (const { message } of mistakes) {
    const meant = /did you mean ([\w$.[\]*]+)\?/.exec(message)?.[1];
    const wrong = /there is no (?:function )?([\w$.]+)/.exec(message)?.[1];
    if (meant === undefined || wrong === undefined) continue;
    const source = mapping.source.replace(new RegExp(`(?<![\\w$.])${wrong.replaceAll(".", "\\.").replaceAll("$", "\\$")}(?![\\w$])`, "g"), () => meant);
    if (source !== mapping.source) found.push({ says: "", write: meant, part: { source } });
  }
  const known = sources.map(general);
  const isKnown = (path: string): boolean => path.startsWith("_") || known.some((each) => touch(each, path));
  const meantBy = (path: string): string | undefined => (isKnown(path) ? undefined : nearest(general(path), known));
  if (mapping.sourceType === "ATTRIBUTE") {
    const meant = mapping.source === "" ? undefined : meantBy(mapping.source);
    if (meant !== undefined) found.push({ says: `This object has no ${mapping.source}.`, write: meant, part: { source: meant } });
  } else if (mapping.sourceType === "EXPRESSION") {
    for (const { 0: path, index } of mapping.source.matchAll(NAMES)) {
      if (/^["']/.test(path) || WORDS.has(path) || mapping.source[index - 1] === ".") continue;
      const meant = meantBy(path);
      if (meant === undefined) continue;
      const source = mapping.source.slice(0, index) + meant + mapping.source.slice(index + path.length);
      found.push({ says: `This object has no ${path}.`, write: meant, part: { source } });
    }
  }
  const { destination } = mapping;
  if (destination !== "" && fieldAt(fields, destination) === undefined && !isAround(destination, fields)) {
    const meant = nearest(destination, [...fields.values()].map((field) => field.destination));
    if (meant !== undefined) found.push({ says: `The schema has no ${destination}.`, write: meant, part: { destination: meant } });
  }
  return found;
}

/** Whether a destination has fields below it. */
function isAround(destination: string, fields: ReadonlyMap<string, Field>): boolean {
  const path = general(destination);
  for (const each of fields.keys()) if (each.startsWith(`${path}.`) || each.startsWith(`${path}[`)) return true;
  return false;
}
