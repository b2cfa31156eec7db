// The endpoint: what is taken, what is answered, and when.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { app } from "../packed.mjs";
import { delivery, eventOf, keeping, manyDigits, now, sample, SECRET, SETTINGS, signature } from "./sender.mjs";

const webhook = join(app, "node_modules/stripe-xdm/dist/webhook");
const { createWebhookHandler, memory } = await import(join(webhook, "index.js"));
const { nodeListener } = await import(join(webhook, "node.js"));

function endpoint(options = {}) {
  const sink = options.sink ?? keeping();
  const observed = [];
  const handler = createWebhookHandler({
    secrets: [SECRET],
    settings: SETTINGS,
    sink,
    observe: (one) => observed.push(one),
    ...options,
  });
  const send = async (request) => {
    const response = await handler(request);
    const text = await response.text();
    return { status: response.status, headers: response.headers, ...(text === "" ? {} : JSON.parse(text)) };
  };
  return { sink, observed, handler, send };
}

const charge = () => eventOf("charge.succeeded", sample("charge"));

test("an event is answered once its records are in the sink, digit for digit", async () => {
  const { sink, send, observed } = endpoint();
  const { id, body } = eventOf("charge.succeeded", manyDigits());
  const { status, events } = await send(delivery(body));
  assert.deepEqual([status, events], [200, [{ id, type: "charge.succeeded", status: "delivered", records: 1 }]]);
  assert.deepEqual(sink.records.map(({ dataset, kind }) => [dataset, kind]), [["stripe_charge_events", "main"]]);
  assert.match(sink.records[0].json, /90071992547409\.91/);
  assert.match(sink.records[0].json, new RegExp(id));
  assert.equal(observed[0].status, 200);
});

test("deletions come as tombstones", async () => {
  const { sink, send } = endpoint();
  const { body } = eventOf("customer.deleted", sample("customer"), { created: 1_700_000_000 });
  assert.equal((await send(delivery(body))).status, 200);
  assert.deepEqual(sink.records.map(({ kind, json }) => [kind, JSON.parse(json)]), [
    ["tombstone", { dataset: "stripe_customers", id: "cus_NffrFeUfNV2Hib", deleted_at: "2023-11-14T22:13:20Z" }],
  ]);
});

test("what Stripe did not sign is refused", async () => {
  const { sink, send } = endpoint();
  const { body } = charge();
  const old = signature(body, { timestamp: now() - 400 });
  for (const [headers, code] of [
    [{}, "missing_signature"],
    [{ "stripe-signature": "" }, "invalid_signature_header"],
    [{ "stripe-signature": signature(`${body} `) }, "signature_mismatch"],
    [{ "stripe-signature": signature(body, { secret: "whsec_other" }) }, "signature_mismatch"],
    [{ "stripe-signature": signature(body).replace("v1=", "v0=") }, "invalid_signature_header"],
    [{ "stripe-signature": old }, "signature_too_old"],
  ]) {
    const { status, error } = await send(delivery(body, headers));
    assert.deepEqual([status, error.code], [400, code]);
    assert.ok(!error.message.includes("whsec_of"), error.message);
  }
  assert.equal(sink.calls, 0);
  assert.equal((await endpoint({ tolerance: 0 }).send(delivery(body, { "stripe-signature": old }))).status, 200);
  const rolled = endpoint({ secrets: ["whsec_new", SECRET] });
  assert.equal((await rolled.send(delivery(body))).status, 200);
});

test("what is signed and no event is refused, too", async () => {
  const { send } = endpoint();
  const thin = ['{"object":"v2.core.event"}', '{"object":"v2.core.event","id":"evt_1","type":"x","created":"soon"}'];
  for (const body of ["", "x", "[1]", "{}", '{"object":"charge","id":"ch_1"}', ...thin, "\ufeff{}"]) {
    const { status, error } = await send(delivery(body));
    assert.deepEqual([status, error.code], [400, "not_an_event"], body);
  }
  assert.equal((await send(new Request("https://shop.example/"))).status, 405);
  assert.equal((await send(new Request("https://shop.example/", { method: "OPTIONS" }))).status, 405);
});

/** The value with some of its parts gone or something else. */
function spoilt(value) {
  const odd = [null, true, -1, 0.1, "", "\ud800", [], {}, [[]], { object: "event" }, 1e18, "x".repeat(5000)];
  if (Math.random() < 0.03) return odd[Math.floor(Math.random() * odd.length)];
  if (Array.isArray(value)) return value.map(spoilt);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(() => Math.random() > 0.02);
  return Object.fromEntries(kept.map(([key, one]) => [key, spoilt(one)]));
}

test("whatever is signed is answered", async () => {
  const { send, observed } = endpoint();
  for (let round = 0; round < 200; round += 1) {
    const event = spoilt(JSON.parse(charge().body));
    let body = JSON.stringify([event, { "detail-type": "x", detail: event }, { specversion: "1.0", data: event }, [event]][round % 4]);
    if (round % 10 === 0) body = body.slice(0, Math.floor(Math.random() * body.length));
    const { status, events, error } = await send(delivery(body));
    assert.ok([200, 400, 422].includes(status), `${status} for ${body}`);
    assert.ok(status !== 400 || error.code === "not_an_event", body);
    assert.ok(!JSON.stringify({ events, error }).includes(SECRET));
  }
  assert.deepEqual(observed.flatMap(({ errors }) => errors), []);
});

test("what needs no record is answered all the same, and not sent again", async () => {
  const { sink, send } = endpoint();
  for (const { body } of [
    eventOf("topup.created", '{"id":"tu_1","object":"topup"}'),
    eventOf("some.new.type", '{"id":"x_1","object":"some_new_thing"}'),
    eventOf("invoice.upcoming", sample("invoice").replace(/"id": "in_[^"]*",/, "")),
  ]) {
    const { status, events } = await send(delivery(body));
    assert.deepEqual([status, events[0].status, events[0].records], [200, "ignored", 0], JSON.stringify(events));
  }
  assert.equal(sink.calls, 0);
});

test("an event without an id is delivered, each time", async () => {
  const { sink, send } = endpoint();
  const body = charge().body.replace(/"id":"evt_[^"]*",/, "");
  for (const calls of [1, 2]) {
    assert.equal((await send(delivery(body))).events[0].status, "delivered");
    assert.equal(sink.calls, calls);
  }
});

test("a double is answered and not delivered, also when both come at once", async () => {
  const { sink, send } = endpoint();
  const { body } = charge();
  await send(delivery(body));
  assert.equal((await send(delivery(body))).events[0].status, "duplicate");
  const other = charge().body;
  const both = await Promise.all([send(delivery(other)), send(delivery(other))]);
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
  assert.equal((await send(delivery(other))).events[0].status, "duplicate");
  assert.equal(sink.records.length, 2);
});

test("what the sink does not take is sent again", async () => {
  const { sink, send, observed } = endpoint();
  const { body } = charge();
  sink.fails = true;
  const failed = await send(delivery(body));
  assert.deepEqual([failed.status, failed.events[0].status], [503, "failed"]);
  assert.ok(!JSON.stringify(failed).includes("down"), "what was thrown is for the log");
  assert.match(observed[0].errors[0].message, /the sink is down/);
  sink.fails = false;
  assert.equal((await send(delivery(body))).events[0].status, "delivered");
});

test("a sink that does not answer, or a body that does not end, does not keep a request", async () => {
  const hanging = endpoint({ sink: () => new Promise(() => {}), timeout: 500 });
  const { body } = charge();
  const endless = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  const init = { method: "POST", body: endless, duplex: "half", headers: { "stripe-signature": signature(body) } };
  const sent = [delivery(charge().body), new Request("https://shop.example/", init)].map(hanging.send);
  const [unanswered, unended] = await Promise.all(sent);
  assert.equal(unanswered.status, 503);
  assert.deepEqual([unended.status, unended.error.code], [408, "incomplete"]);
});

test("bodies are read up to their limit", async () => {
  const { send } = endpoint({ maxBytes: 10_000 });
  assert.equal((await send(delivery(charge().body))).status, 200);
  const { body } = eventOf("charge.succeeded", sample("charge"), { padding: "x".repeat(10_000) });
  assert.equal((await send(delivery(body))).error.code, "too_large");
  let chunks = 0;
  const pull = (controller) => {
    chunks += 1;
    controller.enqueue(new Uint8Array(1000));
  };
  const headers = { "stripe-signature": signature(body) };
  const stream = new Request("https://shop.example/", { method: "POST", body: new ReadableStream({ pull }), duplex: "half", headers });
  assert.equal((await send(stream)).status, 413);
  assert.ok(chunks < 20, `${chunks} chunks were read`);
});

test("a record that is not what its schema says is not delivered", async () => {
  // In lower case, which is no currency code.
  const mappings = [{ sourceType: "EXPRESSION", source: "currency", destination: "commerce.order.currencyCode" }];
  const settings = { ...SETTINGS, models: [{ resource: "charge", mappingSet: { mappings } }] };
  const loud = endpoint({ settings });
  const { body } = charge();
  const refused = await loud.send(delivery(body));
  assert.deepEqual([refused.status, refused.events[0].status, refused.events[0].records], [422, "refused", 0]);
  assert.equal(refused.events[0].problems[0].dataset, "stripe_charge_events");
  assert.equal((await loud.send(delivery(body))).status, 422, "it comes again");
  assert.equal(loud.sink.calls, 0);

  const kept = [];
  const { send } = endpoint({ settings, refused: async (events) => void kept.push(...events) });
  assert.equal((await send(delivery(body))).status, 200);
  assert.equal(kept[0].json, body);
  assert.equal((await send(delivery(body))).events[0].status, "duplicate");
});

test("what the sink refuses for good is told, and kept where somebody keeps it", async () => {
  const sink = keeping();
  sink.answers = { refused: [{ index: 0, code: "stream_400", message: "no such flow" }], notes: ["a note"] };
  const loud = endpoint({ sink });
  const { body } = charge();
  const { status, events } = await loud.send(delivery(body));
  const problem = { code: "stream_400", dataset: "stripe_charge_events", by: "sink" };
  assert.deepEqual([status, events[0].records, events[0].problems], [422, 0, [problem]]);
  assert.deepEqual(loud.observed[0].events[0].problems, [{ ...problem, message: "no such flow" }]);
  assert.deepEqual(loud.observed[0].notes, ["a note"]);
  const failing = endpoint({ sink, refused: () => Promise.reject(new Error("full")) });
  assert.equal((await failing.send(delivery(body))).status, 503);
  sink.answers = { refused: [{ index: 1, code: "stream_400", message: "of another request" }] };
  assert.equal((await endpoint({ sink }).send(delivery(body))).status, 503);
});

test("a store that fails does not keep events back", async () => {
  const down = () => Promise.reject(new Error("the store is down"));
  const { send, sink, observed } = endpoint({ seen: { claim: down, settle: down } });
  assert.equal((await send(delivery(charge().body))).status, 200);
  assert.equal(sink.calls, 1);
  assert.equal(observed[0].errors.length, 1);
});

test("a log that fails changes nothing", async (t) => {
  const said = t.mock.method(console, "error", () => undefined);
  for (const observe of [() => JSON.parse("x"), () => Promise.reject(new Error("full"))]) {
    assert.equal((await endpoint({ observe }).send(delivery(charge().body))).status, 200);
  }
  assert.equal(said.mock.callCount(), 2);
});

test("memory forgets the oldest", async () => {
  const seen = memory(2);
  for (const id of ["a", "b", "c"]) {
    assert.equal(await seen.claim(id), "new");
    await seen.settle(id, true);
  }
  assert.deepEqual([await seen.claim("b"), await seen.claim("c"), await seen.claim("a")], ["known", "known", "new"]);
  await seen.settle("a", false);
  assert.equal(await seen.claim("a"), "new");
  assert.equal(await seen.claim("a"), "busy");
});

test("events in the wrappings of EventBridge and Event Grid are taken with the agreed header", async () => {
  const wrapped = { header: "x-events-key", values: ["old", "a value of our own"] };
  const { send, sink } = endpoint({ wrapped });
  const bridge = (body) => `{"version":"0","id":"8f0d","detail-type":"x","source":"aws.partner/stripe.com/1","account":"1","detail":${body}}`;
  const grid = (body) => `{"specversion":"1.0","id":"8f0d","source":"x","type":"x","data":${body}}`;
  const headers = { "x-events-key": "a value of our own" };
  for (const body of [bridge(charge().body), grid(charge().body), charge().body]) {
    assert.deepEqual((await send(delivery(body, headers))).events.map(({ status }) => status), ["delivered"]);
  }
  const [one, two] = [charge(), charge()];
  const several = `[${grid(one.body)}, ${grid(two.body)} ,${grid(one.body)}]`;
  const { events } = await send(delivery(several, headers));
  assert.deepEqual(events.map(({ id, status }) => [id, status]), [
    [one.id, "delivered"],
    [two.id, "delivered"],
    [one.id, "duplicate"],
  ]);
  assert.equal(sink.records.length, 5);
  for (const value of ["", "a value of our ow", "a value of our own "]) {
    assert.equal((await send(delivery(charge().body, { "x-events-key": value.padEnd(1, "x") }))).status, value.trim().length === 18 ? 200 : 400);
  }
  assert.equal((await endpoint().send(delivery(charge().body, headers))).status, 400);
  // A bad signature is not made good by the header.
  assert.equal((await send(delivery(charge().body, { ...headers, "stripe-signature": "t=1,v1=00" }))).status, 400);

  const ask = (origin) => new Request("https://shop.example/", { method: "OPTIONS", headers: { "webhook-request-origin": origin } });
  const asked = await send(ask("eventgrid.azure.net"));
  assert.deepEqual([asked.status, asked.headers.get("webhook-allowed-origin")], [200, "eventgrid.azure.net"]);
  assert.equal((await send(ask("evil.example"))).status, 403);
});

test("options that would open the endpoint to everyone are refused", () => {
  const sink = keeping();
  const make = (options) => () => createWebhookHandler({ secrets: [SECRET], settings: SETTINGS, sink, ...options });
  assert.throws(make({ secrets: [] }), TypeError);
  for (const secrets of [undefined, SECRET, [SECRET, ""], [undefined], [`${SECRET}\n`]]) {
    assert.throws(make({ secrets }), (error) => error instanceof TypeError && !error.message.includes(SECRET));
  }
  for (const wrapped of [{ header: "x", values: [] }, { header: "x", values: [""] }, { header: "", values: ["y"] }]) {
    assert.throws(make({ wrapped }), TypeError);
  }
  // Half a second, cut to none, would take any age.
  for (const tolerance of [-1, 0.5, NaN, Infinity, "300"]) assert.throws(make({ tolerance }), TypeError);
  assert.throws(make({ maxBytes: 0 }), TypeError);
  assert.throws(make({ timeout: NaN }), TypeError);
  assert.throws(make({ settings: { tenant: "_" } }), { name: "StripeXdmError", code: "invalid_settings" });
});

test("Node's own server serves an endpoint", async (t) => {
  const { handler, sink } = endpoint({ maxBytes: 100_000 });
  const server = createServer(nodeListener(handler));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/`;
  const { body } = charge();
  const answer = await fetch(url, { method: "POST", body, headers: { "stripe-signature": signature(body) } });
  assert.deepEqual([answer.status, (await answer.json()).events[0].status], [200, "delivered"]);
  assert.equal(sink.calls, 1);
  assert.equal((await fetch(url)).status, 405);
  // Refused while it is still being sent, and told so.
  const status = await new Promise((resolve, reject) => {
    const sending = httpRequest(url, { method: "POST", headers: { "stripe-signature": signature(body) } });
    sending.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
    sending.write(Buffer.alloc(150_000));
  });
  assert.equal(status, 413);
  // What the standard's requests cannot be, and one that is broken off: the server goes on.
  const traced = await new Promise((resolve, reject) => {
    httpRequest(url, { method: "TRACE" }, (response) => resolve(response.resume().statusCode)).on("error", reject).end();
  });
  assert.equal(traced, 400);
  await new Promise((resolve) => {
    const headers = { "stripe-signature": signature(body), "content-length": 1000 };
    const broken = httpRequest(url, { method: "POST", headers }).on("error", resolve);
    broken.write("{", () => broken.destroy(new Error("broken off")));
  });
  const next = charge().body;
  assert.equal((await fetch(url, { method: "POST", body: next, headers: { "stripe-signature": signature(next) } })).status, 200);
});

test("the first example of the page on endpoints is one", async (t) => {
  const page = readFileSync(new URL("../../../pkg/docs/webhook.md", import.meta.url), "utf8");
  const file = join(app, "webhook.mjs");
  writeFileSync(file, /^```js\n([^]*?)^```$/m.exec(page)[1]);
  process.env.STRIPE_WEBHOOK_SECRET = SECRET;
  const { default: server } = await import(file);
  const said = t.mock.method(console, "log", () => undefined);
  assert.equal((await server.fetch(delivery(charge().body))).status, 200);
  assert.equal(said.mock.calls[0].arguments[0], "stripe_charge_events");
});
