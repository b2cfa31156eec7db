/** What a transform depends on besides the objects. The keys are those of the settings file. */
export interface Settings {
  /** Tenant id without the leading underscore, as the Schema Registry's `GET /stats` gives it. */
  tenant: string;
  /** The Stripe account (`acct_…`) that the objects belong to; an Event's `account` wins over it. */
  account?: string | null;
  /** Live or test mode, for objects that do not say (refunds, balance transactions). */
  livemode?: boolean | null;
  /** Stripe API version of bare objects; an Event's `api_version` wins over it. */
  api_version?: string | null;
  /** When the objects were read, in epoch seconds. */
  observed_at?: number | bigint | null;
  /** Whether a paid and captured charge carries the purchase measure. Default: true. */
  purchase_measure?: boolean;
  /** Whether the e-mail address becomes an identity. Default: false. */
  email_identity?: boolean;
  /** A second identity taken from a metadata key. */
  metadata_identity?: { key: string; namespace: string } | null;
  /** Namespace code of Stripe customer ids. Default: `StripeCustomerID`. */
  customer_namespace?: string;
  /** Where a customer's phone number goes. Default: `mobilePhone`. */
  phone_target?: "mobilePhone" | "homePhone" | "billingAddressPhone";
  /** Metadata key that holds the shop's order number. */
  order_metadata_key?: string | null;
  /** Whether `receipt_url` is emitted: it opens the receipt without a login. Default: false. */
  receipt_url?: boolean;
  /** When given, only these metadata keys are emitted. */
  metadata_allow?: readonly string[] | null;
  /** Metadata keys that are never emitted. */
  metadata_deny?: readonly string[];
  /** Metadata keys to keep longest when an event must shed metadata. */
  metadata_priority?: readonly string[];
  /** Exponents of currencies that Stripe's table lacks, or that override it: `{ usdc: 6 }`. */
  currency_exponents?: Readonly<Record<string, number>>;
  /** Models that extend or replace the default ones. */
  models?: readonly object[];
}

/** What may change from one call to the next; a key that is set wins over the settings. */
export interface Call {
  account?: string | null;
  livemode?: boolean | null;
  api_version?: string | null;
  /** When the objects were read, in epoch seconds. */
  observed_at?: number | bigint | null;
  /** Resource of objects that carry no `object` key: `charge`, `refund`, … */
  resource?: string | null;
}

/** A JSON value whose integers beyond ±(2^53 - 1) are exact: they are bigints. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** One record, ready for its dataset. */
export interface XdmRecord {
  /** The dataset's name, one of those that `describe()` lists. */
  dataset: string;
  /** Of the object itself, of an object embedded in it, or of its deletion. */
  kind: "main" | "embedded" | "tombstone";
  /** The XDM record; for a tombstone `{ dataset, id, deleted_at }`. */
  record: { [key: string]: Json };
}

/** A thing worth knowing about an object that still yielded its records. */
export interface Warning {
  code: string;
  /** The destination path concerned. */
  path?: string;
  /** The mapping's source as written. */
  source?: string;
  message: string;
}

/** Why an object yielded nothing. */
export interface ObjectFailure {
  code: string;
  message: string;
  path?: string;
  /** The object's `object`, when it could be read. */
  object?: string;
  /** The object's `id`, when it could be read. */
  id?: string;
}

/** What became of one object. */
export type Outcome =
  | {
      status: "done";
      records: XdmRecord[];
      warnings: Warning[];
      /** Paths of source leaves that no mapping reads and no rule drops. */
      unmapped: string[];
      /** How many metadata entries were left out to keep an event below the size limit. */
      shed: number;
    }
  | { status: "error"; error: ObjectFailure }
  /** A valid Stripe object that no model covers. */
  | { status: "skipped"; type: string };

/** What this build knows. */
export interface Description {
  version: string;
  resources: Json[];
  datasets: { name: string; resource: string; variant: string }[];
  functions: Json[];
}

/** What the functions of this module throw. */
export interface StripeXdmError extends Error {
  name: "StripeXdmError";
  /** A stable word: `invalid_settings`, `invalid_call`, `invalid_input`, `invalid_json`, `invalid_request`. */
  code: string;
  /** The path or position concerned. */
  path?: string;
}
