// The transformer, around the module's. Apart from its interface, whose types need nothing of the module's own.

import { describe, explainMapping, type Transformer as Compiled } from "./stripe_xdm.js";
import type { Outcome, Verdict } from "./records.js";
import type { ModelExplanation, Transformer } from "./transformer.js";
import type { Call, Settings } from "./types.js";

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
