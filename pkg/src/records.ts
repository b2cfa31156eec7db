// What comes out: the types of the default models' records, by dataset.

import type { DatasetsByResource, RecordsByDataset } from "./records/index.js";
import type { Invalid, Json, ObjectFailure, Warning } from "./types.js";

/** The name of a dataset. */
export type Dataset = keyof RecordsByDataset;

/** The name of a resource that has a model. */
export type Resource = keyof DatasetsByResource;

/** The datasets that a resource has records in; those of objects embedded in it come on top. */
export type DatasetOf<R extends Resource> = DatasetsByResource[R];

/**
 * A record of a dataset, as the default models write it. Custom fields lie under the tenant's name (`_acme`);
 * they are typed as far as the tenant is known to the compiler: `open({ tenant: "acme" })`.
 */
export type RecordOf<D extends Dataset, Tenant extends string = string> = {
  [Key in keyof RecordsByDataset[D] as Key extends "_tenant"
    ? string extends Tenant
      ? never
      : `_${Tenant}`
    : Key]: RecordsByDataset[D][Key];
};

/** A record of the object itself or of one embedded in it. */
export interface DatasetRecord<D extends Dataset, Tenant extends string = string> {
  /** Where it belongs: one of those that `describe()` lists, unless a model of yours names another. */
  dataset: D;
  kind: "main" | "embedded";
  /** False when the record is not what its schema says and must not be delivered; absent otherwise. */
  valid?: false;
  /** The XDM record. */
  record: RecordOf<D, Tenant>;
}

/** Says that an object is gone. */
export interface Tombstone {
  dataset: Dataset;
  kind: "tombstone";
  valid?: false;
  /** `{ dataset, id, deleted_at }`; of a relational model the row that says so. */
  record: { [key: string]: Json };
}

/** What is to be delivered to a dataset. `kind` and `dataset` tell which type `record` has. */
export type XdmRecord<Tenant extends string = string> =
  | { [D in Dataset]: DatasetRecord<D, Tenant> }[Dataset]
  | Tombstone;

/** What became of one object. */
export type Outcome<Tenant extends string = string> =
  | {
      status: "done";
      records: XdmRecord<Tenant>[];
      warnings: Warning[];
      /** Paths of source leaves that no mapping reads and no rule drops. */
      unmapped: string[];
      /** Why records are not what their schemas say. */
      invalid: Invalid[];
      /** How many metadata entries were left out to keep an event below the size limit. */
      shed: number;
    }
  | { status: "error"; error: ObjectFailure }
  /** A valid Stripe object that no model covers. */
  | { status: "skipped"; type: string };

/** Whether what an object becomes is what its schemas say. */
export interface Verdict {
  /** False also when the object could not be converted; true when no model covers it. */
  valid: boolean;
  invalid: Invalid[];
  warnings: Warning[];
  /** Why the object yielded nothing. */
  error?: ObjectFailure;
}
