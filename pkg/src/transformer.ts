// What `open` gives: models compiled for settings.

import type { Outcome, Verdict } from "./records.js";
import type { StripeInput } from "./stripe.js";
import type { Call, LanguageCommands } from "./types.js";

/** Turns Stripe objects into XDM records. Made by `open`. */
export interface Transformer<Tenant extends string = string> {
  /**
   * Converts a Stripe object or Event, an array of them, or a page of a list, as parsed by `JSON.parse` or given
   * by Stripe's SDK. One outcome per object, in order; an object that fails does not affect the others. Integers
   * beyond ±(2^53 - 1) are bigints, in both directions.
   *
   * @throws StripeXdmError when the input is not JSON-like, or the call's options are invalid.
   */
  transform<const Input extends StripeInput>(input: Input, call?: Call | null): Outcome<Tenant>[];
  /** The same for objects that do not say what they are: the call names their resource. */
  transform(input: object | readonly object[], call: Call & { resource: string }): Outcome<Tenant>[];

  /**
   * Converts JSON text: a Stripe object or Event, an array of them, or a page of a list. Returns the JSON text of
   * the outcomes, with the records' bytes as every other host gets them.
   *
   * @throws StripeXdmError when the text is an array that cannot be split, or the call's options are invalid.
   */
  transformJson(text: string, call?: Call | null): string;

  /**
   * Answers a request of the bytes ABI with its response, both framed as every host of the module frames them.
   *
   * @throws StripeXdmError when the request is malformed.
   */
  transformBytes(request: Uint8Array): Uint8Array;

  /**
   * For each model of a Stripe object, or of the object in an Event: where every output comes from and where every
   * field of the object goes.
   *
   * @throws StripeXdmError when the input is no single object, or no model covers it.
   */
  explain<const Input extends object>(object: Input, call?: Call | null): ModelExplanation[];

  /**
   * Whether what objects become is what its schemas say: as `transform`, without the records.
   *
   * @throws StripeXdmError as `transform` does.
   */
  validate<const Input extends StripeInput>(input: Input, call?: Call | null): Verdict[];

  /** Gives the memory back; then the transformer cannot be used any more. */
  free(): void;
  [Symbol.dispose](): void;
}

/** What one model does with an object. */
export type ModelExplanation = LanguageCommands["explain"]["gives"] & {
  /** The dataset of its records. */
  dataset: string;
};
