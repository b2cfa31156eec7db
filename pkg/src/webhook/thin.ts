// Thin events: they name an object, which is read anew and put into an Event, so that they are converted like all
// others.

import type { RelatedObject, ThinEvent } from "./event.js";
import { bytesOf, trusted } from "./reading.js";

/** An object as Stripe has it now. */
export interface FetchedObject {
  /** Its JSON as it came. */
  readonly json: string;
  /** The API version that it is written in. */
  readonly apiVersion: string;
}

/** Reads the object of a thin event; `null` when it is gone. Must heed the signal. */
export type ObjectFetcher = (event: ThinEvent, related: RelatedObject, signal: AbortSignal) => Promise<FetchedObject | null>;

/** How Stripe's API is asked. */
export interface StripeObjectsOptions {
  /** A restricted key that may read what the events are about. */
  readonly apiKey: string;
  /** The version that objects are asked for in. */
  readonly apiVersion?: string | undefined;
  /** Another server that speaks Stripe's API, for tests. */
  readonly baseUrl?: string | undefined;
  readonly fetch?: typeof fetch | undefined;
}

/** Largest object that is read, in bytes: the module takes no larger one. */
const MAX_OBJECT = 8 << 20;
const API_VERSION = "2026-08-26.dahlia";

/** Reads objects from Stripe. */
export function stripeObjects(options: StripeObjectsOptions): ObjectFetcher {
  const { apiKey, apiVersion = API_VERSION, baseUrl = "https://api.stripe.com" } = options;
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new TypeError("apiKey is empty or holds spaces or line breaks: give a restricted key of Stripe's");
  }
  const base = trusted("baseUrl", baseUrl);
  const get = options.fetch ?? ((url, init) => fetch(url, init));
  return async (event, related, signal) => {
    const url = new URL(related.url, base);
    if (url.origin !== base.origin || !url.pathname.startsWith("/v1/")) {
      throw new Error("the thin event's related_object.url is no path below /v1/");
    }
    // With the other mode's key every object would seem to be gone.
    if (/^(sk|rk)_test_/.test(apiKey) === event.livemode && /^(sk|rk)_(test|live)_/.test(apiKey)) {
      const [is, has] = event.livemode ? ["live", "test"] : ["test", "live"];
      throw new Error(`the event is of ${is} mode, the API key of ${has} mode: use a key of the endpoint's mode`);
    }
    const headers = new Headers({ authorization: `Bearer ${apiKey}`, "stripe-version": apiVersion });
    if (event.context !== undefined) headers.set("stripe-context", event.context);
    // Not followed, because the key would go along.
    const answer = await get(url.href, { headers, redirect: "manual", signal });
    const body = new TextDecoder().decode(await bytesOf(answer, MAX_OBJECT, signal));
    if (answer.status === 200) return { json: body, apiVersion };
    const error = errorIn(body);
    const isElsewhere = error.message.includes("similar object exists");
    if (answer.status === 404 && error.code === "resource_missing" && !isElsewhere) return null;
    throw new Error(
      `Stripe answered ${answer.status} ${error.code} for ${related.type} ${related.id} ` +
        `(request ${answer.headers.get("request-id") ?? "without an id"}): ${advice(answer.status, isElsewhere)}`,
    );
  };
}

function advice(status: number, isElsewhere: boolean): string {
  if (isElsewhere) return "it exists in the other mode; use an API key of the endpoint's mode";
  if (status === 401) return "the API key is not valid; make a new one";
  if (status === 403) return "the API key lacks the permission to read it; add it in the Dashboard";
  return "the event is sent again later";
}

function errorIn(body: string): { code: string; message: string } {
  try {
    const { code, message } = (JSON.parse(body) as { error: { code?: unknown; message?: unknown } }).error;
    return { code: typeof code === "string" ? code : "", message: typeof message === "string" ? message : "" };
  } catch {
    return { code: "", message: "" };
  }
}

/**
 * The Event that a thin one would have been if it held its object. Its time stays the thin event's: the object may be
 * newer than that, but then its next event tells the same or more, with a later time.
 */
export function snapshot(event: ThinEvent, related: RelatedObject, object: FetchedObject | null): string {
  const { id, livemode, context } = event;
  const created = Math.floor(Date.parse(event.created) / 1000);
  const account = context?.split("/").reverse().find((part) => part.startsWith("acct_"));
  const api_version = object?.apiVersion;
  const head = { id, object: "event", type: event.type.replace(/^v1\./, ""), created, livemode, account, api_version };
  const gone = { id: related.id, object: related.type, deleted: true };
  return `${JSON.stringify(head).slice(0, -1)},"data":{"object":${object?.json ?? JSON.stringify(gone)}}}`;
}

/** Whether a thin event says that its object is gone, so that there is nothing to read. */
export function isDeletion(event: ThinEvent, related: RelatedObject): boolean {
  return event.type === `v1.${related.type}.deleted`;
}
