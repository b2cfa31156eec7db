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
