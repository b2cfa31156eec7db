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
  /** What `uuid()` and the like are made from, together with the object. Default: 0. */
  seed?: number | bigint;
  /** What you change in the default models, in this order. */
  models?: readonly UserModel[];
  /** Standard schemas of XDM, or relational ("model-based") ones: rows with a key and a version. Default: standard. */
  model?: "standard" | "relational";
  /** How records are checked against their schemas. Default: they are. */
  check?: { enabled?: boolean; rules?: Readonly<Partial<Record<CheckRule, "refuse" | "warn" | "off">>> };
  /** What becomes of personal and secret data. Default: links that open without a login are dropped. */
  privacy?: {
    /** The key of hashes, a secret of at least 16 bytes; needed by rules that hash. */
    salt?: string | null;
    /** A rule about a path goes before one about a label, a longer path before a shorter, a later before an earlier. */
    rules?: readonly PrivacyRule[];
  };
}

/** The rules for records beyond JSON Schema. By default `long_array` and `large_map` warn, all others refuse. */
export type CheckRule =
  | "empty"
  | "duplicate"
  | "integer"
  | "timestamp"
  | "size"
  | "long_array"
  | "large_map"
  | "identity_primary"
  | "identity_single"
  | "identity_namespace"
  | "identity_value"
  | "secret"
  | "card_number";

/** What to do about the fields of a label, or of a destination and all below it. */
export type PrivacyRule = { action: "keep" | "drop" | "hash" | "mask" } & (
  | { label: string; path?: never }
  | { path: string; label?: never }
);

/** A mapping set of yours and the default model that it changes, or takes the place of. */
export interface UserModel {
  /** `charge`, `refund`, … */
  resource: string;
  /** Needed where a resource has both: `subscription`. */
  variant?: "event" | "record";
  /** Where the records go; default the default model's. */
  dataset?: string;
  /** Mappings in any form of Adobe's. One to a destination of the default model takes its place. */
  mappingSet?: MappingSet;
  /** Destinations of the default model that are not to be written, with everything below them. */
  drop?: readonly string[];
  embedded?: readonly { source: string; resource: string }[];
  /** Source paths left out on purpose: they do not count as unmapped. */
  dropped?: readonly { source: string; reason: string }[];
  /** Forget what the default model maps. */
  replace?: boolean;
  /** Field groups for destinations that the default ones have no field for: their `$id`s, or described. */
  schema?: { fieldGroups: readonly (string | SchemaDefinition)[] };
}

/** A field of a record: JSON Schema in the names that payloads have, with two keys of ours. */
export interface SchemaField {
  title?: string;
  description?: string;
  /** Absent when nothing is known about the value. */
  type?: "string" | "number" | "integer" | "boolean" | "object" | "array";
  /** `$id` of a data type. */
  $ref?: string;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number | bigint;
  maximum?: number | bigint;
  enum?: string[];
  /** Values suggested to people, with their names. */
  "meta:enum"?: { [value: string]: string };
  properties?: { [name: string]: SchemaField };
  required?: string[];
  items?: SchemaField;
  /** Makes it a map: any keys, one type of value. */
  additionalProperties?: SchemaField;
  /** Data usage labels. */
  labels?: string[];
  /** What it is made from. */
  sources?: string[];
}

/** A class, a field group or a data type. */
export interface SchemaDefinition {
  /** Begins with `tenant:` when it is the tenant's own and has no name in the registry yet. */
  $id: string;
  kind: "class" | "fieldGroup" | "dataType";
  title: string;
  description?: string;
  origin?: string;
  behavior?: "record" | "time-series";
  /** Classes that a field group may extend. */
  extends?: string[];
  properties: { [name: string]: SchemaField };
  required?: string[];
}

/** An identity namespace. */
export interface SchemaNamespace {
  code: string;
  name: string;
  description?: string;
  idType: "Cookie" | "Cross_device" | "Device" | "Email" | "Mobile" | "Non_people" | "Phone";
  /** Whether it is ours to make. */
  create: boolean;
  prefix?: string;
}

/** The schema of one dataset. */
export interface RecordSchema {
  /** The dataset. */
  name: string;
  title: string;
  description: string;
  behavior: "record" | "time-series";
  class?: string;
  fieldGroups?: string[];
  /** Fields that neither class nor field groups have. */
  fields?: SchemaField;
  keys?: { primary: string[]; version: string; timestamp?: string };
  identities?: { path: string; namespace: string; primary: boolean }[];
  relationships?: { path: string; schema: string; field: string; namespace?: string; cardinality?: string }[];
  profile: boolean;
  /** Namespaces that `identityMap` may hold. */
  mapNamespaces?: SchemaNamespace[];
  /** What is known about fields in this schema's records only. */
  notes?: { path: string; labels?: string[]; sources?: string[] }[];
}

/** A Data Prep mapping set, in Adobe's current or legacy form, bare or as its API wraps it. */
export type MappingSet = object;

/** What may change from one call to the next; a key that is set wins over the settings. */
export interface Call {
  account?: string | null;
  livemode?: boolean | null;
  api_version?: string | null;
  /** When the objects were read, in epoch seconds. */
  observed_at?: number | bigint | null;
  /** The time that `now()` tells, as RFC 3339; default the time that the objects were read at. */
  now?: string | null;
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
  /** False when the record is not what its schema says and must not be delivered; absent otherwise. */
  valid?: false;
  /** The XDM record; for a tombstone `{ dataset, id, deleted_at }`, or a row that says so. */
  record: { [key: string]: Json };
}

/** A thing worth knowing about an object that still yielded its records. */
export interface Warning {
  code: string;
  /** The destination path concerned; of a rule of `check` a JSON pointer into the record. */
  path?: string;
  /** The mapping's source as written. */
  source?: string;
  message: string;
}

/** Something that makes a record invalid. Never holds a value of the record. */
export interface Invalid {
  /** Index of the record among those of the same object. */
  record: number;
  /** Where, as a JSON pointer. */
  pointer: string;
  /** A keyword of JSON Schema (`type`, `pattern`, …), `json`, or the name of a rule in the settings' `check`. */
  rule: string;
  /** What was found: its kind and length. */
  kind: string;
  /** What is wrong and how to mend it. */
  message: string;
  /** Destination of the mapping that wrote the place. */
  destination?: string;
  /** That mapping's source as written. */
  source?: string;
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
      /** Why records are not what their schemas say. */
      invalid: Invalid[];
      /** How many metadata entries were left out to keep an event below the size limit. */
      shed: number;
    }
  | { status: "error"; error: ObjectFailure }
  /** A valid Stripe object that no model covers. */
  | { status: "skipped"; type: string };

/** What this build knows. */
export interface Description {
  version: string;
  resources: string[];
  /** The API versions whose objects the models read. */
  api_versions: { oldest: string; releases: string[] };
  datasets: {
    name: string;
    resource: string;
    variant: "event" | "record";
    /** The kind of schema of its records, as the settings name it. */
    model: "standard" | "relational";
    /** Of relational ones: the field that tells records apart. */
    key?: string;
    mappings: number;
    dropped: number;
  }[];
  functions: { name: string; category: string }[];
}

/** A mapping set, or the name of a resource whose model is meant: `charge`, `subscription.event`. */
export type Subject = { set: MappingSet; resource?: undefined } | { resource: string; set?: undefined };

/** What a question about a mapping set may bring along. */
export interface Circumstances {
  settings?: Settings;
  call?: Call;
  /** A JSON schema of XDM, as the Schema Registry gives it. */
  schema?: object;
  /** Stripe objects, Events, objects in `data`, or the records that the set is for. */
  samples?: readonly object[];
}

/** What Adobe tells of a mapping that fails. */
export interface TransformError {
  source: string;
  destination: string;
  sourceType: "ATTRIBUTE" | "EXPRESSION" | "STATIC";
  columnName: string | null;
  exception: string;
}

/** A function of the language, as Adobe's `/languages/el/functions` lists it and a little more. */
export interface LanguageFunction {
  category: string;
  function: string;
  description: string;
  syntax: string;
  returns: string;
  returnType: string;
  example: string;
  result: string;
  params: { name: string; description: string; type: string; dataType: string; position: number; optional: boolean; repeated: boolean }[];
  since: number;
  status: "current" | "deprecated" | "unpublished";
  statusNote?: string;
  aliasOf?: string;
  method: boolean;
}

/** An operator of the language, as Adobe's `/languages/el/operators` lists it. */
export interface LanguageOperator {
  operatorSymbol: string;
  methodName: string;
  numberOfOperands: number;
  description: string;
  example: string;
  result: string;
  aliasOf?: string;
}

/** One side of a difference. */
export interface MappingSide {
  destination: string;
  sourceType: string;
  source: string;
  type?: string;
}

/** The commands of `language`, with what they take and give. */
export interface LanguageCommands {
  eval: {
    takes: { expression: string; input?: Json | object; now?: string; seed?: number | bigint; settings?: Settings };
    gives: { result: Json; notes: { code: string; message: string }[] };
  };
  validateExpression: {
    takes: { expression: string };
    gives: { validationStatus: "succeeded" | "failed"; error: string };
  };
  validate: {
    takes: Subject & Circumstances;
    gives: {
      validationResponse: { status: "SUCCESS" | "FAILED"; errors: TransformError[] | null; warnings?: string[] }[];
      problems?: string[];
      warnings?: string[];
    };
  };
  preview: {
    takes: Subject & Circumstances;
    gives: { data: { [key: string]: Json }; errors: TransformError[] | null; warnings?: TransformError[] }[];
  };
  explain: {
    takes: Subject & Circumstances;
    gives: {
      outputs: {
        destination: string;
        type?: string;
        sourceType: string;
        source: string;
        reads: string[];
        replacedBy?: number;
        present?: boolean;
        note?: string;
      }[];
      leftOut?: { destination: string; source: string; reason: string }[];
      sources: {
        path: string;
        fate: "mapped" | "covered" | "notInSchema" | "unmapped" | "dropped" | "empty";
        destinations: string[];
        reason?: string;
      }[];
      truncated?: boolean;
      problem?: string;
    };
  };
  functions: { takes: { name?: string } | null; gives: LanguageFunction[] };
  operators: { takes: null; gives: LanguageOperator[] };
  export: {
    /** `root`: where the source puts each object; default `data`, empty for bare objects. */
    takes: { resource: string; settings: Settings; root?: string; schema?: string };
    gives: {
      mappingSet: MappingSet;
      counts: { unchanged: number; lowered: number; approximated: number; leftOut: number };
      notes: string[];
      report: {
        destination: string;
        outcome: "unchanged" | "lowered" | "approximated" | "left_out";
        before: string;
        after: string | null;
        reasons?: string[];
        reliesOn?: string[];
      }[];
    };
  };
  import: {
    takes: { set: MappingSet };
    gives: { set: MappingSet; sourcesPrefix?: string; problems: string[] };
  };
  diff: {
    takes: { a: Subject; b: Subject; settings?: Settings };
    gives: {
      added: MappingSide[];
      removed: MappingSide[];
      changed: { destination: string; before: MappingSide; after: MappingSide }[];
      reordered: boolean;
      settings: { member: string; before: string | null; after: string | null }[];
    };
  };
  schema: {
    takes: { settings?: Settings };
    gives: {
      library: {
        tenant: string;
        namespaces: SchemaNamespace[];
        /** What one refers to comes before it. */
        definitions: SchemaDefinition[];
        schemas: RecordSchema[];
      };
      /** What the schemas cannot say; they cannot be registered as long as there are any. */
      problems: { dataset: string; destination: string; message: string }[];
    };
  };
}

type Takes<C extends keyof LanguageCommands> = LanguageCommands[C]["takes"];
type Gives<C extends keyof LanguageCommands> = LanguageCommands[C]["gives"];

/**
 * Answers a question about the mapping language or about mapping sets.
 *
 * @throws StripeXdmError with what is wrong, and with `line`, `column` and `caret` when it is a place in
 * an expression.
 */
export function language<C extends keyof LanguageCommands>(command: C, takes: Takes<C>): Gives<C>;
/** The value of an expression for an input. */
export function evalExpression(takes: Takes<"eval">): Gives<"eval">;
/** Whether a text is an expression. */
export function validateExpression(takes: Takes<"validateExpression">): Gives<"validateExpression">;
/** Everything that is wrong with a mapping set. */
export function validateMapping(takes: Takes<"validate">): Gives<"validate">;
/** What a mapping set makes of samples. */
export function previewMapping(takes: Takes<"preview">): Gives<"preview">;
/** Where every output comes from and, with one sample, where every input goes. */
export function explainMapping(takes: Takes<"explain">): Gives<"explain">;
/** The functions of the language, or the one that is named. */
export function functions(takes?: Takes<"functions">): Gives<"functions">;
/** The operators of the language. */
export function operators(): Gives<"operators">;
/** A resource's model as a mapping set that Adobe accepts, and what became of each mapping. */
export function exportMapping(takes: Takes<"export">): Gives<"export">;
/** A mapping set of Adobe's, in any of its forms, in the current one. */
export function importMapping(takes: Takes<"import">): Gives<"import">;
/** What distinguishes two mapping sets. */
export function diffMappings(takes: Takes<"diff">): Gives<"diff">;
/** The schemas of the models' records, composed from their mappings. */
export function schema(takes?: Takes<"schema">): Gives<"schema">;

/** What the functions of this module throw. */
export interface StripeXdmError extends Error {
  name: "StripeXdmError";
  /** A stable word: `invalid_settings`, `invalid_call`, `invalid_expression`, `invalid_input`, … */
  code: string;
  /** The path or position concerned. */
  path?: string;
  /** The place in an expression, from 1. */
  line?: number;
  column?: number;
  /** The expression's line and, below it, a caret under the place. */
  caret?: string;
}
