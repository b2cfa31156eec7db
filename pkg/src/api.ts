/// <reference lib="esnext.disposable" preserve="true" />
// The public API, the same under every entry point; an entry point only knows how its runtime loads the module.

import { describe as describeModule, open as openModule, schema as moduleSchema } from "./stripe_xdm.js";
import { sha256 } from "./module_sha256.js";
import { Opened } from "./opened.js";
import type { Transformer } from "./transformer.js";
import type { Description, LanguageCommands, Settings } from "./types.js";

/** SHA-256 of the module, in hex: whoever names the same one makes the same records. */
export const moduleSha256: string = sha256;

/**
 * Compiles the models for the given settings.
 *
 * @throws StripeXdmError with code `invalid_settings`; its message names every problem.
 */
export function open<const Tenant extends string>(settings: Settings & { tenant: Tenant }): Transformer<Tenant> {
  return new Opened<Tenant>(openModule(settings), settings);
}

/** The resources, datasets and functions of this build. */
export const describe: () => Description = describeModule;

/** The schemas of the models' records, composed from their mappings. */
export const schema: (takes?: LanguageCommands["schema"]["takes"]) => LanguageCommands["schema"]["gives"] =
  moduleSchema;

export { isStripeXdmError, type StripeXdmError } from "./errors.js";
export * as expression from "./expression.js";
export { language, languageJson, type Question } from "./language.js";
export * as mapping from "./mapping.js";
export type {
  Dataset,
  DatasetOf,
  DatasetRecord,
  Outcome,
  RecordOf,
  Resource,
  Tombstone,
  Verdict,
  XdmRecord,
} from "./records.js";
export { verifyWebhook, type WebhookSignature } from "./signature.js";
export type { StripeEvent, StripeInput, StripeList, StripeObject } from "./stripe.js";
export type { ModelExplanation, Transformer } from "./transformer.js";
export type {
  Call,
  CheckRule,
  Circumstances,
  Description,
  Invalid,
  Json,
  LanguageCommands,
  LanguageFunction,
  LanguageOperator,
  MappingSet,
  MappingSide,
  ObjectFailure,
  PrivacyRule,
  RecordSchema,
  SchemaDefinition,
  SchemaField,
  SchemaNamespace,
  Settings,
  Subject,
  TransformError,
  UserModel,
  Warning,
} from "./types.js";
