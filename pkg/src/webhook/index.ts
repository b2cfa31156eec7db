// `stripe-xdm/webhook`: endpoints for Stripe's events, in every runtime that has `Request` and `Response`.

import { describe, open, verifyWebhook } from "stripe-xdm";
import { createHandler, type WebhookOptions } from "./handler.js";

/**
 * A webhook endpoint: give it each request, and answer with what it gives.
 *
 * @throws TypeError when an option is wrong, StripeXdmError when the settings are.
 */
export function createWebhookHandler(options: WebhookOptions): (request: Request) => Promise<Response> {
  return createHandler({ describe, open, verifyWebhook }, options);
}

export * from "./slim.js";
