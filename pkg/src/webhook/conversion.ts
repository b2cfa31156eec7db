// Events to records, by the module. The bytes of its answer are taken apart here instead of parsed, so that every digit
// of a record reaches the sink.

import { Frames, requestOf } from "../frames.js";
import type { WebhookSignature } from "../signature.js";
import type { Settings } from "../types.js";

/** What is needed of the package, however it was loaded. */
export interface StripeXdm {
  open(settings: Settings): { transformBytes(request: Uint8Array): Uint8Array };
  describe(): { readonly datasets: readonly { readonly name: string }[]; readonly resources: readonly unknown[] };
  verifyWebhook(body: Uint8Array, signature: WebhookSignature): void;
}

/** A record on its way to a sink. */
export interface OutgoingRecord {
  /** The name of its dataset, one of those that `describe()` lists. */
  readonly dataset: string;
  /** Of the object itself, of one embedded in it, or of its deletion: `{ dataset, id, deleted_at }`. */
  readonly kind: "main" | "embedded" | "tombstone";
  /** The record as JSON text: integers beyond 2^53 are exact as long as nobody parses them into numbers. */
  readonly json: string;
}

/** Something that keeps an event's records from being delivered, or one of them. */
export interface Problem {
  readonly code: string;
  /** What is wrong and how to mend it. Holds no value of the record, unless the sink put one in. */
  readonly message: string;
  /** The dataset of the record, when it is about one. */
  readonly dataset?: string;
  /** Where, as a path in the object or a JSON pointer into the record. */
  readonly path?: string;
  /** Who says so, unless it is the conversion. */
  readonly by?: "sink";
}

/** What became of an event. */
export interface Converted {
  readonly records: readonly OutgoingRecord[];
  readonly problems: readonly Problem[];
  /** Why there is nothing to deliver though nothing is wrong. */
  readonly ignored: string | undefined;
  /** Mappings that yielded no field, and the like: `code path`. */
  readonly warnings: readonly string[];
}

interface Report {
  readonly warnings?: readonly { readonly code: string; readonly path?: string }[];
  readonly invalid?: readonly { record: number; pointer: string; rule: string; message: string }[];
}

const KINDS = ["main", "embedded", "tombstone"] as const;
/** Added to the kind of a record that is not what its schema says. */
const INVALID = 128;

/** Converts events. */
export class Converter {
  readonly #transformer: ReturnType<StripeXdm["open"]>;
  readonly #datasets: readonly string[];
  readonly #resources: ReadonlySet<unknown>;

  /** Throws when the settings are refused. */
  constructor(module: StripeXdm, settings: Settings) {
    this.#transformer = module.open(settings);
    const { datasets, resources } = module.describe();
    this.#datasets = datasets.map(({ name }) => name);
    this.#resources = new Set(resources);
  }

  /** Whether objects of a type become records. */
  covers(type: string): boolean {
    return this.#resources.has(type);
  }

  /** The records of one event. */
  convert(json: string): Converted {
    const answer = new Frames(this.#transformer.transformBytes(requestOf([new TextEncoder().encode(json)])));
    answer.number();
    const status = answer.byte();
    const records: (OutgoingRecord & { valid: boolean })[] = [];
    for (let left = answer.number(); left > 0; left -= 1) {
      const dataset = this.#datasets[answer.short()] ?? "";
      const kind = answer.byte();
      const valid = (kind & INVALID) === 0;
      records.push({ dataset, kind: KINDS[(kind & ~INVALID) as 0 | 1 | 2], valid, json: answer.text() });
    }
    const report = answer.text();
    const parsed: unknown = report === "" ? {} : JSON.parse(report);
    if (status === 1) return failed(parsed as { code: string; message: string; path?: string });
    if (status === 2) {
      const { type } = parsed as { type: string };
      return { records: [], problems: [], ignored: `no model covers objects of type ${type}`, warnings: [] };
    }
    const { warnings = [], invalid = [] } = parsed as Report;
    const problems = invalid.map(({ record, pointer, rule, message }) => {
      return { code: rule, message, path: pointer, dataset: records[record]?.dataset ?? "" };
    });
    return {
      records: records.filter(({ valid }) => valid).map(({ valid: _, ...record }) => record),
      problems,
      ignored: records.length === 0 ? "it changes no record" : undefined,
      warnings: warnings.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`)),
    };
  }
}

function failed({ code, message, path }: { code: string; message: string; path?: string }): Converted {
  // What has no id does not exist yet: an upcoming invoice. It never will be a record, however often it comes.
  if (code === "missing_id") return { records: [], problems: [], ignored: message, warnings: [] };
  return { records: [], problems: [{ code, message, ...(path === undefined ? {} : { path }) }], ignored: undefined, warnings: [] };
}
