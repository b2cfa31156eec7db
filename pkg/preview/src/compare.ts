// What differs between two tables of mappings, by destination.

import { equal, type Mapping, type Row } from "./draft.ts";

export interface Difference {
  destination: string;
  before: Mapping | undefined;
  after: Mapping | undefined;
}

/** What a table writes; the later of two mappings to one destination wins. */
function written(table: readonly Row[]): Map<string, Mapping> {
  return new Map(table.filter((row) => row.state !== "off").map(({ mapping }) => [mapping.destination, mapping]));
}

export function compare(before: readonly Row[], after: readonly Row[]): Difference[] {
  const [one, other] = [written(before), written(after)];
  const destinations = new Set([...one.keys(), ...other.keys()]);
  return [...destinations].flatMap((destination) => {
    const [a, b] = [one.get(destination), other.get(destination)];
    return a !== undefined && b !== undefined && equal(a, b) ? [] : [{ destination, before: a, after: b }];
  });
}
