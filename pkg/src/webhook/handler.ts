// A webhook endpoint: a request with events in, records to a sink, an answer once the sink has them.
//
// Stripe sends an event again until it is answered 2xx, for three days. So 2xx means: taken, and need not come again.

import type { Settings } from "../types.js";
import { Converter, type Converted, type OutgoingRecord, type Problem, type StripeXdm } from "./conversion.js";
import { eventsIn, NotAnEvent, type ReceivedEvent } from "./event.js";
import { bytesOf, inTime, TooLarge, within } from "./reading.js";
import { memory, type SeenStore } from "./seen.js";
import { isDeletion, snapshot, type ObjectFetcher } from "./thin.js";

/** What a sink says of records that it got. */
export interface SinkAnswer {
  /** Records that it will never take: their index, and why. All others it has, durably. */
  readonly refused?: readonly { readonly index: number; readonly code: string; readonly message: string }[];
  /** What else is worth knowing. */
  readonly notes?: readonly string[];
}

/**
 * Takes records. When its promise is fulfilled, they are safe; when it is rejected, the events are sent again. A record
 * may come twice, with the same `_id`.
 */
export type Sink = (records: readonly OutgoingRecord[], signal: AbortSignal) => Promise<SinkAnswer | void>;

/** An event of which not everything could be delivered. */
export interface RefusedEvent {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly problems: readonly Problem[];
  /** The event as it came: it holds personal data. */
  readonly json: string;
}

/** What became of an event. */
export interface EventResult {
  readonly id: string | undefined;
  readonly type: string | undefined;
  /**
   * `delivered`, `duplicate` and `ignored` are answered 2xx; so is `refused` when there is a `refused` to take it.
   * `busy` and `failed` are answered so that the event is sent again.
   */
  readonly status: "delivered" | "duplicate" | "ignored" | "refused" | "busy" | "failed";
  /** How many records the sink has of it. */
  readonly records: number;
  /** Why, in words that hold no data. */
  readonly reason?: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** What an operator wants to hear of, besides the answer. */
export interface Observed {
  readonly status: number;
  readonly events: readonly EventResult[];
  readonly notes: readonly string[];
  /** What was thrown by the sink, the store or the fetcher. */
  readonly errors: readonly unknown[];
}

/** How an endpoint works. */
export interface WebhookOptions {
  /** Signing secrets (`whsec_…`): the endpoint's, and while it is rolled the old one, too. */
  readonly secrets: readonly string[];
  /** How events become records; `account` is needed unless all events are of connected accounts. */
  readonly settings: Settings;
  /** Where records go. */
  readonly sink: Sink;
  /** Which events were delivered before. Default: this instance's memory. */
  readonly seen?: SeenStore | undefined;
  /** Reads the objects of thin events. Default: thin events are refused. */
  readonly fetchObject?: ObjectFetcher | undefined;
  /** Takes what cannot be delivered. Default: it is answered 422, and Stripe sends it again for three days. */
  readonly refused?: ((events: readonly RefusedEvent[], signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * Takes events without a signature when a header has one of these values: those that Amazon EventBridge or Azure
   * Event Grid hands on with a header of your choice. Default: none is taken.
   */
  readonly wrapped?: { readonly header: string; readonly values: readonly string[] } | undefined;
  /** How old a signature may be, in seconds. Default: 300; 0 takes any age. */
  readonly tolerance?: number | undefined;
  /** Largest body that is read, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** How long a request may take, in milliseconds. Default: 15,000; Stripe waits somewhat longer. */
  readonly timeout?: number | undefined;
  /** Told of every request that held events. For logs: nothing in it is secret, save what your own functions throw. */
  readonly observe?: ((observed: Observed) => void | Promise<void>) | undefined;
}

/** A request that is answered without being looked at further. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

const MAX_BYTES = 1 << 20;
const TIMEOUT = 15_000;
/** How long the store may take to be told how it ended. */
const SETTLING = 5_000;
/** Where Event Grid asks from before it sends. */
const EVENT_GRID = "eventgrid.azure.net";
/** Of these the event is sent again. */
const AGAIN = { failed: 503, busy: 409, refused: 422 } as const;

/** An event on its way through. */
interface Pending {
  readonly event: ReceivedEvent;
  readonly claimed: boolean;
  status: EventResult["status"];
  reason?: string;
  problems: Problem[];
  warnings: readonly string[];
  records: readonly OutgoingRecord[];
  /** How many of its records the sink refused. */
  lost: number;
}

/** A webhook endpoint on a package that was loaded in a way of your own. Throws when an option is wrong. */
export function createHandler(module: StripeXdm, options: WebhookOptions): (request: Request) => Promise<Response> {
  const { settings, maxBytes = MAX_BYTES, timeout = TIMEOUT } = options;
  assertUsable(options);
  const endpoint = new Endpoint(module, new Converter(module, settings), options, maxBytes);
  return async (request) => {
    try {
      return await inTime(timeout, (signal) => endpoint.answer(request, signal));
    } catch (error) {
      if (error instanceof Refusal) {
        const { status, code, message, headers } = error;
        return answer(status, { error: { code, message } }, headers);
      }
      void observe(options, { status: 500, events: [], notes: [], errors: [error] });
      return answer(500, { error: { code: "internal", message: "see the endpoint's log" } });
    }
  };
}

/** Refuses options that would leave the endpoint open, or shut to Stripe, before the first event comes. */
function assertUsable({ secrets, wrapped, tolerance = 0, maxBytes = 1, timeout = 1 }: WebhookOptions): void {
  // From JavaScript anything may come: a variable that is not set, most of all.
  const isNone = (values: readonly string[]) => !Array.isArray(values) || values.some((value) => !value);
  if (isNone(secrets) || (secrets.length === 0 && wrapped === undefined)) {
    throw new TypeError("secrets: a signing secret is missing or empty; the endpoint's begins with whsec_");
  }
  if (secrets.some((secret) => /\s/.test(secret))) {
    throw new TypeError("secrets: a signing secret holds white space, perhaps a line's end that was copied along");
  }
  if (wrapped !== undefined && (!wrapped.header || isNone(wrapped.values) || wrapped.values.length === 0)) {
    throw new TypeError("wrapped: the header's name or a value is missing or empty; anyone could send events");
  }
  for (const [name, value, least] of [["tolerance", tolerance, 0], ["maxBytes", maxBytes, 1], ["timeout", timeout, 1]] as const) {
    if (!(Number.isInteger(value) && value >= least && value < 2 ** 31)) {
      throw new TypeError(`${name} must be a whole number from ${least} on`);
    }
  }
}

class Endpoint {
  readonly #seen: SeenStore;

  constructor(
    readonly module: StripeXdm,
    readonly converter: Converter,
    readonly options: WebhookOptions,
    readonly maxBytes: number,
  ) {
    this.#seen = options.seen ?? memory();
  }

  async answer(request: Request, signal: AbortSignal): Promise<Response> {
    if (request.method === "OPTIONS" && this.options.wrapped !== undefined) return handshake(request);
    if (request.method !== "POST") {
      throw new Refusal(405, "method_not_allowed", "events are sent with POST", { allow: "POST" });
    }
    const body = await this.#body(request, signal);
    const events = read(body);
    const errors: unknown[] = [];
    const notes: string[] = [];
    const pending = await this.#claim(events, signal, errors);
    try {
      await this.#convert(pending, signal, errors);
      await this.#deliver(pending, signal, errors, notes);
      await this.#handOver(pending, signal, errors);
    } finally {
      await this.#settle(pending, errors);
    }
    const results = pending.map(result);
    const status = this.#status(pending);
    void observe(this.options, { status, events: results, notes, errors });
    const said = results.map(({ id, type, status, records, reason, problems }) => {
      // What a sink says may quote the record, and is for the log.
      const told = problems.map(({ message, ...problem }) => (problem.by === "sink" ? problem : { message, ...problem }));
      return { id, type, status, records, reason, problems: told.length > 0 ? told : undefined };
    });
    return answer(status, { events: said });
  }

  /** The bytes of a body that may be believed. */
  async #body(request: Request, signal: AbortSignal): Promise<Uint8Array> {
    const { secrets, tolerance, wrapped } = this.options;
    const header = request.headers.get("stripe-signature");
    const known = wrapped === undefined ? null : request.headers.get(wrapped.header);
    const isWrapped = header === null && known !== null && wrapped!.values.some((value) => same(known, value));
    if (header === null && !isWrapped) {
      throw new Refusal(400, "missing_signature", "the request has no Stripe-Signature header: only Stripe may send here");
    }
    const body = await bytesOf(request, this.maxBytes, signal).catch((error: unknown) => {
      if (error instanceof TooLarge) {
        throw new Refusal(413, "too_large", `${error.message}: raise the endpoint's maxBytes if Stripe sent it`);
      }
      throw new Refusal(408, "incomplete", "the body did not come whole and in time");
    });
    if (header !== null) {
      const now = Math.floor(Date.now() / 1000);
      try {
        this.module.verifyWebhook(body, { header, secrets, now, tolerance });
      } catch (error) {
        const { code = "invalid_signature", message } = error as Error & { code?: string };
        throw new Refusal(400, code, message);
      }
    }
    return body;
  }

  async #claim(events: readonly ReceivedEvent[], signal: AbortSignal, errors: unknown[]): Promise<Pending[]> {
    const pending: Pending[] = [];
    const here = new Set<string>();
    for (const event of events) {
      const { id } = event;
      let claim: "new" | "known" | "busy" = "new";
      let claimed = false;
      if (id !== undefined && here.has(id)) {
        claim = "known";
      } else if (id !== undefined) {
        here.add(id);
        try {
          claim = await within(signal, this.#seen.claim(id));
          claimed = claim === "new";
        } catch (error) {
          // Delivered twice is better than not at all: its records have the same `_id`s.
          errors.push(error);
        }
      }
      const status = claim === "new" ? "delivered" : claim === "known" ? "duplicate" : "busy";
      pending.push({ event, claimed, status, problems: [], warnings: [], records: [], lost: 0 });
    }
    return pending;
  }

  async #convert(pending: readonly Pending[], signal: AbortSignal, errors: unknown[]): Promise<void> {
    for (const one of pending.filter(({ status }) => status === "delivered")) {
      try {
        const { records, problems, ignored, warnings } = await this.#records(one.event, signal);
        one.warnings = warnings;
        one.problems.push(...problems);
        // Without somebody to take what is refused, an event is delivered whole or not at all.
        one.records = problems.length > 0 && this.options.refused === undefined ? [] : records;
        if (problems.length > 0) one.status = "refused";
        else if (ignored !== undefined) [one.status, one.reason] = ["ignored", ignored];
      } catch (error) {
        errors.push(error);
        [one.status, one.reason] = ["failed", "its object could not be read: see the endpoint's log"];
      }
    }
  }

  async #records(event: ReceivedEvent, signal: AbortSignal): Promise<Converted> {
    const { thin } = event;
    if (thin === undefined) return this.converter.convert(event.json);
    const nothing = { records: [], problems: [], ignored: undefined, warnings: [] };
    if (thin.related === undefined) return { ...nothing, ignored: "it is about no object" };
    const { related } = thin;
    if (!this.converter.covers(related.type)) {
      return { ...nothing, ignored: `no model covers objects of type ${related.type}` };
    }
    if (isDeletion(thin, related)) return this.converter.convert(snapshot(thin, related, null));
    if (this.options.fetchObject === undefined) {
      const message = "thin events need `fetchObject`, such as stripeObjects({ apiKey }): or have the endpoint send snapshots";
      return { ...nothing, problems: [{ code: "thin_event", message }] };
    }
    const object = await within(signal, this.options.fetchObject(thin, related, signal));
    return this.converter.convert(snapshot(thin, related, object));
  }

  /** Gives all records to the sink at once. */
  async #deliver(pending: readonly Pending[], signal: AbortSignal, errors: unknown[], notes: string[]): Promise<void> {
    const owners = pending.flatMap((one) => one.records.map(() => one));
    const records = pending.flatMap((one) => one.records);
    if (records.length === 0) return;
    try {
      const answer = await within(signal, this.options.sink(records, signal));
      notes.push(...(answer?.notes ?? []));
      for (const { index, code, message } of answer?.refused ?? []) {
        const [owner, record] = [owners[index], records[index]];
        if (owner === undefined || record === undefined) {
          throw new Error(`the sink refused record ${index} of ${records.length}, which it was not given: mend the sink`);
        }
        owner.status = "refused";
        owner.lost += 1;
        owner.problems.push({ code, message, dataset: record.dataset, by: "sink" });
      }
    } catch (error) {
      errors.push(error);
      for (const one of new Set(owners)) {
        [one.status, one.reason] = ["failed", "the sink did not take its records: see the endpoint's log"];
      }
    }
  }

  /** Gives away what was refused. */
  async #handOver(pending: readonly Pending[], signal: AbortSignal, errors: unknown[]): Promise<void> {
    const refused = pending.filter(({ status }) => status === "refused");
    if (refused.length === 0 || this.options.refused === undefined) return;
    try {
      const events = refused.map(({ event: { id, type, json }, problems }) => ({ id, type, problems, json }));
      await within(signal, this.options.refused(events, signal));
    } catch (error) {
      errors.push(error);
      for (const one of refused) {
        [one.status, one.reason] = ["failed", "what was refused of it could not be kept: see the endpoint's log"];
      }
    }
  }

  async #settle(pending: readonly Pending[], errors: unknown[]): Promise<void> {
    // Not within the request's time, which may be over; but a store must not keep the answer for ever either.
    await inTime(SETTLING, async (signal) => {
      const settled = pending.map(async ({ claimed, status, event }) => {
        if (claimed) await within(signal, this.#seen.settle(event.id!, !this.#isSentAgain(status)));
      });
      for (const outcome of await Promise.allSettled(settled)) {
        if (outcome.status === "rejected") errors.push(outcome.reason);
      }
    });
  }

  #isSentAgain(status: EventResult["status"]): status is keyof typeof AGAIN {
    return status === "refused" ? this.options.refused === undefined : status in AGAIN;
  }

  /** The answer's status: the worst of all events, as all of a request are sent again. */
  #status(pending: readonly Pending[]): number {
    const statuses = new Set(pending.map(({ status }) => status).filter((status) => this.#isSentAgain(status)));
    for (const status of ["failed", "busy", "refused"] as const) {
      if (statuses.has(status)) return AGAIN[status];
    }
    return 200;
  }
}

/** Tells the operator. What is answered is what became of the events: a log that fails changes nothing about them. */
async function observe(options: WebhookOptions, observed: Observed): Promise<void> {
  try {
    await options.observe?.(observed);
  } catch (error) {
    console.error("stripe-xdm: `observe` threw", error);
  }
}

/** Not every runtime has `Response.json`. */
function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

function read(body: Uint8Array): ReceivedEvent[] {
  try {
    return eventsIn(body);
  } catch (error) {
    if (error instanceof NotAnEvent) throw new Refusal(400, "not_an_event", error.message);
    throw error;
  }
}

function result({ event: { id, type }, status, records, lost, reason, problems, warnings }: Pending): EventResult {
  const delivered = status === "delivered" || status === "refused" ? records.length - lost : 0;
  return { id, type, status, records: delivered, problems, warnings, ...(reason === undefined ? {} : { reason }) };
}

/** Event Grid asks whether an endpoint wants its events before it sends any. */
function handshake(request: Request): Response {
  if (request.headers.get("webhook-request-origin") !== EVENT_GRID) {
    throw new Refusal(403, "unknown_origin", `only ${EVENT_GRID} may ask to send here`);
  }
  const headers = { allow: "POST", "webhook-allowed-origin": EVENT_GRID, "webhook-allowed-rate": "*" };
  return new Response(null, { status: 200, headers });
}

/** Compares two texts in a time that depends on the length of the first only. */
function same(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let at = 0; at < given.length; at += 1) {
    difference |= given.charCodeAt(at) ^ wanted.charCodeAt(at % wanted.length);
  }
  return difference === 0;
}
