// Events as Stripe sends them: signed by the package of Stripe itself, with bodies byte for byte.

import { readFileSync } from "node:fs";
import Stripe from "stripe";

export const SECRET = "whsec_of_the_endpoint";
export const SETTINGS = { tenant: "acme", account: "acct_1MM2TkLkdIwHu7ix" };
export const stripe = new Stripe("sk_test_made_up");

export const now = () => Math.floor(Date.now() / 1000);

/** The text of one of the samples. */
export function sample(resource) {
  return readFileSync(new URL(`../../../crates/core/tests/data/samples/${resource}.json`, import.meta.url), "utf8");
}

/** A charge whose total has more digits than JavaScript's numbers: 90071992547409.91. */
export function manyDigits() {
  return sample("charge").replace(/"(amount|amount_captured)": \d+/g, '"$1": 9007199254740991');
}

let number = 0;

/** An Event around the text of an object, and its id. */
export function eventOf(type, object, more = {}) {
  const id = more.id ?? `evt_${String((number += 1)).padStart(6, "0")}_of_${process.pid}`;
  const head = { id, object: "event", api_version: "2026-08-26.dahlia", created: now(), livemode: false, ...more, type };
  return { id, body: `${JSON.stringify(head).slice(0, -1)},"data":{"object":${object}}}` };
}

/** The header that Stripe's own package makes. */
export function signature(body, { secret = SECRET, timestamp = now() } = {}) {
  return stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
}

/** A delivery of Stripe's. */
export function delivery(body, headers = { "stripe-signature": signature(body) }) {
  return new Request("https://shop.example/stripe", { method: "POST", body, headers });
}

/** A sink that keeps what it gets, and what it is told to answer. */
export function keeping() {
  const records = [];
  const sink = async (given) => {
    sink.calls += 1;
    if (sink.fails) throw new Error("the sink is down");
    records.push(...given);
    return sink.answers;
  };
  return Object.assign(sink, { records, calls: 0, fails: false, answers: undefined });
}
