// The road to Experience Platform, and thin events, against the stand-ins for Adobe and Stripe.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { app } from "../packed.mjs";
import { delivery, eventOf, keeping, manyDigits, sample, SECRET, SETTINGS } from "./sender.mjs";
import { aep, countOf, stripe } from "./scene.mjs";

const webhook = join(app, "node_modules/stripe-xdm/dist/webhook/index.js");
const { aepStreaming, createWebhookHandler, stripeObjects } = await import(webhook);

function endpoint(options) {
  const observed = [];
  const made = createWebhookHandler({ secrets: [SECRET], settings: SETTINGS, observe: (one) => observed.push(one), ...options });
  const send = async (body) => {
    const response = await made(delivery(body));
    return { status: response.status, observed: observed.at(-1), ...(await response.json()) };
  };
  return send;
}

/** Messages to inlets on their way. */
function keepingSent() {
  const sent = [];
  const passing = (url, init) => {
    if (String(url).includes("/collection/")) sent.push(init.body);
    return fetch(url, init);
  };
  return { sent, fetch: passing };
}

test("records of an event are in their dataset, once, though it is sent twice", async () => {
  const { sent, fetch } = keepingSent();
  const send = endpoint({ sink: aepStreaming({ ...aep, fetch }) });
  const { id, body } = eventOf("charge.succeeded", manyDigits());
  for (const status of ["delivered", "duplicate"]) {
    const answer = await send(body);
    assert.deepEqual([answer.status, answer.events[0].status], [200, status], JSON.stringify(answer));
  }
  assert.equal(await countOf("stripe_charge_events", id), 1);
  assert.equal(sent.length, 1);
  // The stand-in parses numbers as JavaScript does.
  assert.match(sent[0], /"priceTotal":90071992547409\.91[,}]/);
});

test("a message that is refused for now is sent again by itself", async () => {
  // The stand-in answers 503 for the second message of all, which is the first here.
  const { sent, fetch } = keepingSent();
  const send = endpoint({ sink: aepStreaming({ ...aep, fetch }) });
  const { body } = eventOf("customer.updated", sample("customer").replace("cus_NffrFeUfNV2Hib", "cus_sent_again"));
  assert.equal((await send(body)).status, 200);
  assert.equal(sent.length, 2);
  assert.equal(await countOf("stripe_customers", "cus_sent_again"), 1);
});

test("tokens are asked for once, and anew when one is refused", async () => {
  let asked = 0;
  const counting = (url, init) => {
    asked += Number(String(url).includes("/ims/token"));
    return fetch(url, init);
  };
  let spoil = false;
  const spoiling = (url, init) => {
    if (spoil && String(url).includes("/collection/")) {
      spoil = false;
      init.headers.set("authorization", "Bearer spent");
    }
    return counting(url, init);
  };
  const send = endpoint({ sink: aepStreaming({ ...aep, fetch: spoiling }) });
  assert.equal((await send(eventOf("customer.updated", sample("customer")).body)).status, 200);
  assert.equal((await send(eventOf("customer.updated", sample("customer")).body)).status, 200);
  assert.equal(asked, 1);
  spoil = true;
  assert.equal((await send(eventOf("customer.updated", sample("customer")).body)).status, 200);
  assert.equal(asked, 2);
});

test("a wrong credential, and a flow that is none, are told without secrets", async () => {
  const { body } = eventOf("customer.updated", sample("customer"));
  const wrong = await endpoint({ sink: aepStreaming({ ...aep, clientSecret: "p8e-wrong" }) })(body);
  assert.equal(wrong.status, 503);
  assert.match(wrong.observed.errors[0].message, /check clientId, clientSecret and scopes/);
  assert.ok(!wrong.observed.errors[0].message.includes("p8e-wrong"));
  const datasets = { ...aep.datasets, stripe_customers: { ...aep.datasets.stripe_customers, flowId: "none" } };
  const refused = await endpoint({ sink: aepStreaming({ ...aep, datasets }) })(body);
  assert.deepEqual([refused.status, refused.events[0].problems[0].code], [422, "stream_400"]);
});

test("a dataset without a way is refused, one that is left out is not", async () => {
  const { body } = eventOf("price.updated", sample("price"));
  const unknown = await endpoint({ sink: aepStreaming(aep) })(body);
  assert.deepEqual([unknown.status, unknown.events[0].problems[0].code], [422, "no_dataset"]);
  const datasets = { ...aep.datasets, stripe_prices: null };
  assert.equal((await endpoint({ sink: aepStreaming({ ...aep, datasets }) })(body)).status, 200);
});

test("a deletion without a way is told", async () => {
  const { body } = eventOf("customer.deleted", sample("customer"));
  const { status, observed } = await endpoint({ sink: aepStreaming(aep) })(body);
  assert.equal(status, 200);
  assert.match(observed.notes[0], /deletions of stripe_customers/);
});

test("tokens are sent to https hosts and this machine only", () => {
  for (const inlet of ["http://dcs.adobedc.net/collection/1", "https://u:p@dcs.adobedc.net/collection/1", "https://dcs.adobedc.net/", "x"]) {
    assert.throws(() => aepStreaming({ ...aep, inlet }), TypeError, inlet);
  }
});

const thin = (type, related, more = {}) =>
  JSON.stringify({
    id: `evt_thin_${Math.random().toString(36).slice(2)}`,
    object: "v2.core.event",
    type,
    created: new Date().toISOString(),
    livemode: stripe.livemode,
    related_object: related,
    ...more,
  });
const customer = (id) => ({ id, type: "customer", url: `/v1/customers/${id}` });

test("the object of a thin event is read and becomes what a snapshot becomes", async () => {
  const sink = keeping();
  const fetchObject = stripeObjects({ apiKey: stripe.key, baseUrl: stripe.url });
  const send = endpoint({ sink, fetchObject });
  const answer = await send(thin("v1.customer.updated", customer(stripe.customer)));
  assert.deepEqual([answer.status, answer.events[0].status], [200, "delivered"], JSON.stringify(answer));
  assert.equal(sink.records[0].dataset, "stripe_customers");
  assert.match(sink.records[0].json, new RegExp(stripe.customer));
  const charge = { id: stripe.charge, type: "charge", url: `/v1/charges/${stripe.charge}` };
  assert.equal((await send(thin("v1.charge.succeeded", charge))).events[0].status, "delivered");
});

test("a thin event of what is gone is a tombstone, of anything else nothing", async () => {
  const sink = keeping();
  const send = endpoint({ sink, fetchObject: stripeObjects({ apiKey: stripe.key, baseUrl: stripe.url }) });
  for (const [type, id] of [
    ["v1.customer.updated", stripe.gone],
    ["v1.customer.updated", "cus_never_was"],
    ["v1.customer.deleted", stripe.gone],
  ]) {
    const { status, events } = await send(thin(type, customer(id)));
    assert.deepEqual([status, events[0].status], [200, "delivered"], JSON.stringify(events));
  }
  assert.deepEqual(sink.records.map(({ kind }) => kind), ["tombstone", "tombstone", "tombstone"]);
  for (const related of [null, { id: "x_1", type: "billing.meter", url: "/v1/billing/meters/x_1" }]) {
    assert.equal((await send(thin("v1.billing.meter.error_report_triggered", related))).events[0].status, "ignored");
  }
});

test("thin events that cannot be read come again", async () => {
  const sink = keeping();
  const reading = (options) => endpoint({ sink, fetchObject: stripeObjects({ apiKey: stripe.key, baseUrl: stripe.url, ...options }) });
  const updated = thin("v1.customer.updated", customer(stripe.customer));
  assert.deepEqual((await endpoint({ sink })(updated)).events[0].problems[0].code, "thin_event");
  const denied = await reading({ apiKey: "rk_live_wrong" })(updated);
  assert.equal(denied.status, 503);
  assert.match(denied.observed.errors[0].message, /401/);
  const mode = await reading({})(thin("v1.customer.updated", customer(stripe.customer), { livemode: !stripe.livemode }));
  assert.match(mode.observed.errors[0].message, /mode/);
  const elsewhere = { ...customer(stripe.customer), url: "https://evil.example/v1/customers/1" };
  const astray = await reading({})(thin("v1.customer.updated", elsewhere));
  assert.match(astray.observed.errors[0].message, /no path below \/v1\//);
  const down = await reading({ baseUrl: "http://127.0.0.1:9" })(updated);
  assert.equal(down.status, 503);
  assert.equal(sink.calls, 0);
});
