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

export { aepStreaming, type AepDataset, type AepOptions } from "./aep.js";
export type { OutgoingRecord, Problem, StripeXdm } from "./conversion.js";
export type { RelatedObject, ThinEvent } from "./event.js";
export { createHandler } from "./handler.js";
export type { EventResult, Observed, RefusedEvent, Sink, SinkAnswer, WebhookOptions } from "./handler.js";
export { memory, type SeenStore } from "./seen.js";
export { stripeObjects, type FetchedObject, type ObjectFetcher, type StripeObjectsOptions } from "./thin.js";
