// What belongs together: a place in the object, the mappings that read it, the places that they write.

import { touch } from "./paths.ts";
import type { Explanation } from "./protocol.ts";

/** What a person points at. */
export type Selection =
  | { pane: "source"; path: string }
  | { pane: "mapping"; id: string; destination: string; reads?: readonly string[] }
  | { pane: "record"; path: string };

/** Everything that belongs to a selection. */
export interface Counterparts {
  sources: ReadonlySet<string>;
  destinations: ReadonlySet<string>;
}

const NOTHING: Counterparts = { sources: new Set(), destinations: new Set() };

/** The paths on both sides that belong to what is pointed at. */
export function counterparts(selection: Selection | undefined, explanation: Explanation | undefined): Counterparts {
  if (selection === undefined || explanation === undefined) return NOTHING;
  const outputs = explanation.outputs.filter((output) => {
    switch (selection.pane) {
      case "source":
        return output.reads.some((path) => touch(path, selection.path));
      case "mapping":
        return output.destination === selection.destination;
      case "record":
        return touch(output.destination, selection.path);
    }
  });
  const sources = new Set(outputs.flatMap((output) => output.reads));
  const destinations = new Set(outputs.map((output) => output.destination));
  return { sources, destinations };
}

/** What mappings read from around an object, by where an Event has it. */
const ENVELOPE: Readonly<Record<string, string>> = {
  id: "_envelope.eventID",
  type: "_envelope.eventType",
  api_version: "_envelope.apiVersion",
  account: "_envelope.account",
  "request.id": "_envelope.requestID",
  request: "_envelope.requestID",
  livemode: "_envelope.livemode",
  created: "_envelope.created",
};

/** Where a source stands in the text; `undefined` when it is not in it. */
export function placeOf(source: string, root: string): string | undefined {
  if (root === "" || !source.startsWith("_envelope.")) return root === "" || source === "" ? source : `${root}.${source}`;
  if (!root.endsWith("data.object")) return undefined;
  const around = root.slice(0, -"data.object".length);
  const name = Object.keys(ENVELOPE).find((each) => ENVELOPE[each] === source);
  return name === undefined ? undefined : around + name;
}

/** What mappings call a place in the text. */
export function sourceAt(place: string, root: string): string {
  if (root === "") return place;
  if (place.startsWith(`${root}.`)) return place.slice(root.length + 1);
  const around = root.endsWith("data.object") ? root.slice(0, -"data.object".length) : "";
  return (place.startsWith(around) ? ENVELOPE[place.slice(around.length)] : undefined) ?? place;
}
