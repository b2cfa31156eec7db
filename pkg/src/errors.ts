// What is thrown.

import type { StripeXdmError } from "./types.js";

export type { StripeXdmError };

/** Whether something that was thrown tells what is wrong with a call, with a `code` to switch on. */
export function isStripeXdmError(thrown: unknown): thrown is StripeXdmError {
  return thrown instanceof Error && thrown.name === "StripeXdmError";
}
