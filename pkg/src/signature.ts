// Whether Stripe has sent a webhook.

import { requestOf } from "./frames.js";
import { verifyWebhook as verify } from "./stripe_xdm.js";

/** What a webhook's body is held to. */
export interface WebhookSignature {
  /** The `Stripe-Signature` header as it came. */
  readonly header: string;
  /** Signing secrets of endpoints (`whsec_…`), any of which may have been used: two while one is rolled. */
  readonly secrets: readonly string[];
  /** Now, in epoch seconds. */
  readonly now: number;
  /** How old a signature may be, in seconds. Default: 300; 0 takes any age. */
  readonly tolerance?: number | undefined;
}

/** As in Stripe's own libraries. */
const TOLERANCE = 300;

/**
 * Verifies that a webhook's body, its bytes as they came, was signed with one of the endpoint's secrets.
 *
 * @throws StripeXdmError unless it was, with code `signature_mismatch`, `signature_too_old`,
 * `invalid_signature_header` or, when the secrets are at fault, `invalid_secret`.
 */
export function verifyWebhook(body: Uint8Array, signature: WebhookSignature): void {
  const { header, secrets, now, tolerance = TOLERANCE } = signature;
  // A fraction of a second would be cut off, and 0 takes any age.
  if (!Number.isFinite(now) || !(Number.isInteger(tolerance) && tolerance >= 0 && tolerance < 2 ** 32)) {
    throw new TypeError("now must be epoch seconds, tolerance whole seconds from 0 on");
  }
  const encoder = new TextEncoder();
  verify(requestOf([encoder.encode(header), body, ...secrets.map((secret) => encoder.encode(secret))]), now, tolerance);
}
