// What may be given to `transform`. Only what tells inputs apart has a type: the mapping reads objects of any of
// Stripe's API versions, so that those of the `stripe` package are taken, whatever its version.

import type { Resource } from "./records.js";

/** An object as Stripe sends it: of any API version, with or without what can be expanded. */
export interface StripeObject {
  /** What it is; of types that have no model, outcomes say that they were skipped. */
  readonly object: Resource | "event" | "list" | (string & {});
}

/** An Event that holds the object as it was. */
export interface StripeEvent extends StripeObject {
  readonly object: "event";
  readonly type: string;
  readonly data: { readonly object: object; readonly previous_attributes?: object | null };
}

/** A page of a list. */
export interface StripeList extends StripeObject {
  readonly object: "list";
  readonly data: readonly object[];
}

/** An object, an Event, a page of a list, or an array of these. */
export type StripeInput = StripeObject | StripeEvent | StripeList | readonly (StripeObject | StripeEvent)[];
