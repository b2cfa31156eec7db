// `stripe-xdm/webhook/slim`: the same on a module that you have loaded yourself.

export { aepStreaming, type AepDataset, type AepOptions } from "./aep.js";
export type { OutgoingRecord, Problem, StripeXdm } from "./conversion.js";
export type { RelatedObject, ThinEvent } from "./event.js";
export { createHandler } from "./handler.js";
export type { EventResult, Observed, RefusedEvent, Sink, SinkAnswer, WebhookOptions } from "./handler.js";
export { memory, type SeenStore } from "./seen.js";
export { stripeObjects, type FetchedObject, type ObjectFetcher, type StripeObjectsOptions } from "./thin.js";
