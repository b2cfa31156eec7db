// What the package's own code adds to the module: the same for every entry point, therefore asked of one.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { app, charge } from "./packed.mjs";

const { isStripeXdmError, open } = await import(join(app, "node_modules/stripe-xdm/dist/node.js"));
const settings = { tenant: "acme", account: "acct_1M2JTkLkdIwHu7ix" };
const transformer = open(settings);
const object = JSON.parse(charge);

test("explain tells of each model of an object, or of the object in an Event", () => {
  const [explanation, ...others] = transformer.explain(object);
  assert.equal(explanation.dataset, "stripe_charge_events");
  assert.deepEqual(others, []);
  const total = explanation.outputs.find((output) => output.destination.endsWith("order.priceTotal"));
  assert.ok(total.present && total.reads.includes("amount_captured"), JSON.stringify(total));
  assert.equal(explanation.sources.find((source) => source.path === "receipt_url")?.fate, "dropped");

  const subscription = { object: "subscription", id: "sub_1", created: 1700000000 };
  const event = { object: "event", id: "evt_1", type: "customer.subscription.updated", created: 1700000000 };
  const datasets = (input, call) => transformer.explain(input, call).map((one) => one.dataset).sort();
  assert.deepEqual(datasets(subscription), ["stripe_subscription_events", "stripe_subscriptions"]);
  assert.deepEqual(datasets({ ...event, data: { object: subscription } }), datasets(subscription));
  const relational = open({ ...settings, model: "relational" });
  assert.deepEqual(relational.explain(object).map((one) => one.dataset), ["stripe_relational_charges"]);
});

test("explain refuses what has no model, in words that help", () => {
  for (const input of [{ object: "plan" }, { object: "list", data: [] }, [object], {}]) {
    assert.throws(() => transformer.explain(input), (error) => isStripeXdmError(error) && /charge/.test(error.message));
  }
});

test("validate says of each object whether its records are what their schemas say", () => {
  const verdicts = transformer.validate([object, { ...object, currency: "nope" }, { object: "tax_id", id: "t_1" }]);
  assert.equal(verdicts.length, 3);
  assert.deepEqual(verdicts[0], { valid: true, invalid: [], warnings: [] });
  const [outcome] = transformer.transform({ ...object, currency: "nope" });
  assert.equal(verdicts[1].valid, outcome.status === "done" && outcome.invalid.length === 0);
  assert.deepEqual(verdicts[2], { valid: true, invalid: [], warnings: [] });
  const [broken] = transformer.validate({ ...object, id: null });
  assert.equal(broken.valid, false);
  assert.ok(broken.error?.code && broken.error.message, JSON.stringify(broken));
});

test("what is thrown has a code and a path, and is told from other errors", () => {
  const thrown = (call) => {
    try {
      call();
    } catch (error) {
      return error;
    }
    return assert.fail("nothing was thrown");
  };
  const refused = thrown(() => open({ tenant: "acme", accuont: "acct_1" }));
  assert.ok(isStripeXdmError(refused) && refused instanceof Error);
  assert.equal(refused.code, "invalid_settings");
  const place = thrown(() => transformer.transform([object, { object: "charge", amount: NaN }]));
  assert.equal(place.code, "invalid_input");
  assert.match(place.path, /amount/);
  assert.equal(isStripeXdmError(new TypeError("no")), false);
});

test("integers that JavaScript's numbers cannot hold come and go exactly", () => {
  const [outcome] = transformer.transform({ ...object, amount: 9007199254740993n, amount_captured: 9007199254740993n });
  assert.equal(outcome.records[0].record._acme.stripe.charge.amountMinor, 9007199254740993n);
});

test("a transformer that was given back is not used again", () => {
  const given = open(settings);
  assert.equal(typeof given[Symbol.dispose], "function");
  given[Symbol.dispose]();
  assert.throws(() => given.transform(object));
});
