// Objects to look at before a person has any: those of Stripe's documentation, the same as older API versions
// had them, and webhooks.

import { parseExact } from "./exact.ts";

const current = import.meta.glob<string>("../../../crates/core/tests/data/samples/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});
/** One object a line, in files named after the API version, and webhooks. */
const others = import.meta.glob<string>("../samples/*.jsonl", { query: "?raw", import: "default", eager: true });

/** Samples that belong together. */
export interface SampleGroup {
  title: string;
  /** Their names, which are unique among all groups, with what is shown of them. */
  samples: readonly { name: string; text: string }[];
}

const stem = (path: string): string => path.replace(/^.*\/|\.jsonl?$/g, "");

function group(title: string, prefix: string, lines: string): [SampleGroup, [string, string][]] {
  const entries = lines.trim().split("\n").map((line): [string, string] => {
    const { object, type } = JSON.parse(line) as { object: string; type?: string };
    const kind = object === "v2.core.event" ? `${type} (thin)` : object === "event" ? type! : object;
    return [kind, line];
  });
  const samples = entries.map(([kind]) => ({ name: `${prefix}${kind}`, text: kind }));
  return [{ title, samples }, entries.map(([kind, line]) => [`${prefix}${kind}`, line])];
}

const now = Object.entries(current).map(([path, text]): [string, string] => [stem(path), text.trim()]);
const webhooks = group("Webhooks", "webhook ", others["../samples/webhooks.jsonl"] ?? "");
const ages = Object.entries(others)
  .filter(([path]) => /^\d/.test(stem(path)))
  .sort(([one], [other]) => (one < other ? 1 : -1))
  .map(([path, lines]) => group(`API version ${stem(path)}`, `${stem(path)} `, lines));

/** What there is to choose from. */
export const SAMPLE_GROUPS: readonly SampleGroup[] = [
  { title: "Today's API", samples: now.map(([name]) => ({ name, text: name })) },
  webhooks[0],
  ...ages.map(([each]) => each),
];

/** The samples by their names, as text. */
export const SAMPLES: ReadonlyMap<string, string> = new Map([...now, ...webhooks[1], ...ages.flatMap(([, each]) => each)]);

/** Where in a text the object itself stands: an Event holds it in `data.object`, Adobe's Stripe source in `data`. */
export function rootOf(value: unknown): string {
  const { object, id, data } = (value ?? {}) as { object?: unknown; id?: unknown; data?: { object?: unknown; id?: unknown } | null };
  const holds = data !== null && typeof data === "object";
  if (object === "event") return holds && data.object !== null && typeof data.object === "object" ? "data.object" : "";
  if (object === undefined && id === undefined && holds && (typeof data.object === "string" || typeof data.id === "string")) {
    const inner = rootOf(data);
    return inner === "" ? "data" : `data.${inner}`;
  }
  return "";
}

/** What an object is: its resource, looking into what holds it. */
export function resourceOf(text: string): string | undefined {
  let value = parseExact(text) as Record<string, unknown> | null;
  const root = rootOf(value);
  for (const name of root === "" ? [] : root.split(".")) value = value?.[name] as Record<string, unknown> | null;
  return typeof value?.["object"] === "string" ? value["object"] : undefined;
}
