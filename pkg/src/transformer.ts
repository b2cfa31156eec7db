// Models compiled for settings: what `open` gives.

import { describe, explainMapping, type Transformer as Compiled } from "./stripe_xdm.js";
import type { Outcome, Verdict } from "./records.js";
import type { StripeInput } from "./stripe.js";
import type { Call, LanguageCommands, Settings } from "./types.js";

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

/** A transformer of the module, with what questions about its models need. */
export class Opened<Tenant extends string> implements Transformer<Tenant> {
  readonly #compiled: Compiled;
  readonly #settings: Settings;

  constructor(compiled: Compiled, settings: Settings) {
    this.#compiled = compiled;
    this.#settings = settings;
  }

  transform(input: object, call?: Call | null): Outcome<Tenant>[] {
    // The module's own types do not know what is in which dataset; the schemas do, and these types are theirs.
    return this.#compiled.transform(input, call) as Outcome<Tenant>[];
  }

  transformJson(text: string, call?: Call | null): string {
    return this.#compiled.transformJson(text, call);
  }

  transformBytes(request: Uint8Array): Uint8Array {
    return this.#compiled.transformBytes(request);
  }

  explain(object: object, call?: Call | null): ModelExplanation[] {
    const resource = call?.resource ?? resourceOf(object);
    const kind = (this.#settings.model ?? "standard") as string;
    const models = describe().datasets.filter((one) => one.model === kind && one.resource === resource);
    // A resource without a model is refused by the module, in its words.
    const named = models.length > 1 ? models : [{ name: models[0]?.name ?? "", variant: "" }];
    return named.map(({ name, variant }) => {
      const asked = {
        resource: variant === "" ? `${resource}` : `${resource}.${variant}`,
        settings: this.#settings,
        samples: [object],
      };
      return { dataset: name, ...explainMapping(call ? { ...asked, call } : asked) };
    });
  }

  validate(input: object, call?: Call | null): Verdict[] {
    return this.transform(input, call).map((outcome): Verdict => {
      if (outcome.status === "done") {
        const { invalid, warnings } = outcome;
        return { valid: invalid.length === 0, invalid, warnings };
      }
      const nothing = { invalid: [], warnings: [] };
      return outcome.status === "error"
        ? { valid: false, ...nothing, error: outcome.error }
        : { valid: true, ...nothing };
    });
  }

  free(): void {
    this.#compiled.free();
  }

  declare [Symbol.dispose]: () => void;
}

// Where the runtime knows `using`; computed in the class, the method would be called "undefined" elsewhere.
if (Symbol.dispose) Opened.prototype[Symbol.dispose] = Opened.prototype.free;

/** What an object is, or the object in an Event. */
function resourceOf(object: object): unknown {
  const { object: name, data } = object as { object?: unknown; data?: { object?: { object?: unknown } } };
  return name === "event" ? data?.object?.object : name;
}
