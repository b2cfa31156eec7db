// Records made wrong on purpose, and what Ajv says of them.
//
// node mutate.mjs DIST DIR COUNT
//   DIR/schemas/<name>.json   a closed schema
//   DIR/good/<name>.json      a record that is valid under it
// writes DIR/cases.jsonl: {"name","schema","expect","ajv","record"}, one a line, the record as text.
//   expect  "rejected", "accepted", or for the COUNT random changes "same": whatever Ajv says
//   ajv     whether Ajv accepts the record

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validatorOf } from "./ajv.mjs";

const [dir, count] = process.argv.slice(3);
const validators = {};
const good = {};
for (const file of readdirSync(join(dir, "good"))) {
  const name = file.replace(/\.json$/, "");
  validators[name] = validatorOf(JSON.parse(readFileSync(join(dir, "schemas", file), "utf8")));
  good[name] = readFileSync(join(dir, "good", file), "utf8").trim();
}

const cases = [];
function add(name, schema, expect, record) {
  const text = typeof record === "string" ? record : JSON.stringify(record);
  cases.push({ name, schema, expect, ajv: validators[schema](JSON.parse(text)), record: text });
}

/** A named change of a good record. */
function change(schema, expect, name, edit) {
  const record = JSON.parse(good[schema]);
  add(name, schema, expect, edit(record) ?? record);
}

const rejected = (schema, name, edit) => change(schema, "rejected", name, edit);
const accepted = (schema, name, edit) => change(schema, "accepted", name, edit);
const own = (record) => record[Object.keys(record).find((name) => name.startsWith("_") && name !== "_id")].stripe;

for (const schema of Object.keys(good)) add("as it is", schema, "accepted", good[schema]);

rejected("charge", "without _id", (r) => void delete r._id);
rejected("charge", "without timestamp", (r) => void delete r.timestamp);
rejected("charge", "timestamp in epoch seconds", (r) => void (r.timestamp = 1679090539));
rejected("charge", "timestamp without offset", (r) => void (r.timestamp = "2023-03-17T22:02:19"));
rejected("charge", "timestamp with offset +0000", (r) => void (r.timestamp = "2023-03-17T22:02:19+0000"));
rejected("charge", "timestamp with a space", (r) => void (r.timestamp = "2023-03-17 22:02:19Z"));
rejected("charge", "timestamp on 30 February", (r) => void (r.timestamp = "2023-02-30T22:02:19Z"));
rejected("charge", "currency in lower case", (r) => void (r.commerce.order.currencyCode = "usd"));
rejected("charge", "country in lower case", (r) => void (r.commerce.billing = { address: { countryCode: "us" } }));
rejected("charge", "a number as text", (r) => void (r.commerce.order.priceTotal = "10.99"));
rejected("charge", "null", (r) => void (r.commerce.order.purchaseID = null));
rejected("charge", "unknown key of the record", (r) => void (r.workEmail = "a@b.example"));
rejected("charge", "unknown key of commerce", (r) => void (r.commerce.refunds = { value: 1 }));
rejected("charge", "measure without value", (r) => void delete r.commerce.purchases.value);
rejected("charge", "tracking number as text", (r) => void (r.commerce.shipping = { trackingNumber: "1Z" }));
for (const reason of ["duplicate", "fraudulent", "requested_by_customer", "other"]) {
  rejected("refund", `refundReason ${reason}`, (r) => void (r.commerce.order.refunds[0].refundReason = reason));
}
rejected("refund", "refundPaymentType of one's own", (r) => {
  r.commerce.order.refunds[0].refundPaymentType = "blik";
});
rejected("charge", "an integer in a map of text", (r) => void (own(r).metadata = { order: 7 }));
rejected("charge", "a fraction in a long", (r) => void (own(r).charge.amountMinor = 10.5));
rejected("charge", "identityMap value that is no array", (r) => {
  r.identityMap = { StripeCustomerID: { id: "cus_1", primary: true } };
});
rejected("charge", "authenticatedState known", (r) => {
  r.identityMap = { StripeCustomerID: [{ id: "cus_1", authenticatedState: "known", primary: true }] };
});
rejected("charge", "an id that is empty", (r) => void (own(r).chargeID = ""));
rejected("charge", "_id with a space", (r) => void (r._id = "a b"));
rejected("charge", "quantity 1.5", (r) => void (r.productListItems = [{ SKU: "a", quantity: 1.5 }]));
rejected("charge", "product that is no URI", (r) => void (r.productListItems = [{ SKU: "a", product: "prod_1" }]));
rejected("charge", "an item without SKU", (r) => void (r.productListItems = [{ name: "a" }]));
rejected("customer", "a bad e-mail address", (r) => void (r.personalEmail.address = "jenny@"));
rejected("customer", "en_US", (r) => void (r.preferredLanguage = "en_US"));
rejected("customer", "a phone's country code with +", (r) => {
  r.mobilePhone = { number: "5550100", countryCode: "+1" };
});
rejected("customer", "consents without their field group", (r) => {
  r.consents = { marketing: { email: { val: "y" } } };
});
rejected("customer_with_subscriptions", "a moment where a date belongs", (r) => {
  r.subscriptions = [{ startDate: "2023-03-17T22:02:19Z" }];
});
accepted("customer_with_subscriptions", "a date", (r) => void (r.subscriptions = [{ startDate: "2023-03-17" }]));

accepted("charge", "an integer for a number", (r) => void (r.commerce.order.priceTotal = 11));
accepted("charge", "paymentType of one's own", (r) => {
  r.commerce.order.payments[0].paymentType = "blik";
});
accepted("charge", "eventType of one's own", (r) => void (r.eventType = "stripe.charge.blik"));
accepted("customer", "any stateProvince", (r) => {
  r.billingAddress = { ...r.billingAddress, stateProvince: "Bavaria" };
});
// JSON Schema takes 1099.0 for an integer. What the platform does is not known: we write none, and refuse it.
add("1099.0 for an integer", "charge", "ours alone rejects", good.charge.replace(/"amountMinor":1099\b/, '"amountMinor":1099.0'));
// Beyond JSON Schema.
for (const [name, schema, edit] of [
  ["an empty object", "charge", (r) => void (r.commerce.billing = {})],
  ["an empty array", "charge", (r) => void (r.productListItems = [])],
  ["empty text", "charge", (r) => void (r.producedBy = "")],
  ["two primary identities", "charge", (r) => {
    r.identityMap = { StripeCustomerID: [{ id: "cus_1", primary: true }, { id: "cus_2", primary: true }] };
  }],
  ["no primary identity", "charge", (r) => void (r.identityMap = { StripeCustomerID: [{ id: "cus_1" }] })],
  ["an unknown namespace", "charge", (r) => void (r.identityMap = { Nobody: [{ id: "1", primary: true }] })],
  ["the identity anonymous", "charge", (r) => {
    r.identityMap = { StripeCustomerID: [{ id: "anonymous", primary: true }] };
  }],
  ["a timestamp to come", "charge", (r) => void (r.timestamp = "2999-01-01T00:00:00Z")],
  ["an event above 10 kB", "charge", (r) => {
    own(r).metadata = Object.fromEntries([...Array(15).keys()].map((n) => [`k${n}`, "x".repeat(900)]));
  }],
  ["a secret key", "charge", (r) => void (own(r).charge.description = `sk_${"live"}_4eC39HqLyjWDarjtT1zdp7dc`)],
  ["a card number", "charge", (r) => void (own(r).charge.description = "paid with 4242 4242 4242 4242")],
  ["a long beyond 2^53", "charge", (r) => JSON.stringify(r).replace('"amountMinor":1099', '"amountMinor":9007199254740993')],
]) {
  change(schema, name.startsWith("a long") ? "rejected" : "ours alone rejects", name, edit);
}

// Random changes, the same for the same count.
let state = 20230317;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};
const pick = (list) => list[random(list.length)];
const VALUES = [
  7, -1, 0.5, 1e3, 2147483648, -9007199254740991, true, false, "x", "2023-03-17", "2023-03-17T22:02:19Z",
  "2023-13-01T00:00:00Z", "US", "USD", "a@b.example", "urn:x:y", { x: 1 }, [1], ["x"], [{ SKU: "x" }], { value: 1 },
];

/** Every member and element of a value: what holds it, and under which name. */
function* places(value) {
  for (const name of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    yield [value, name];
    if (typeof value[name] === "object" && value[name] !== null) yield* places(value[name]);
  }
}

const CHANGES = [
  ([holder, name]) => (Array.isArray(holder) ? holder.splice(name, 1) : delete holder[name]),
  ([holder, name]) => (holder[name] = pick(VALUES)),
  ([holder]) => (Array.isArray(holder) ? holder.push(pick(VALUES)) : (holder[pick(["x", "id", "value", "_id"])] = pick(VALUES))),
  ([holder, name]) => {
    if (typeof holder[name] === "string") {
      const at = random(holder[name].length);
      holder[name] = holder[name].slice(0, at) + pick([..."aZ0-:+. T@/é"]) + holder[name].slice(at + 1);
    } else if (typeof holder[name] === "number") {
      holder[name] = -holder[name] * pick([1, 2, 0.5, 1e9]);
    }
  },
];
for (let n = 0; n < Number(count); n++) {
  const schema = pick(Object.keys(good));
  const record = JSON.parse(good[schema]);
  pick(CHANGES)(pick([...places(record)]));
  const text = JSON.stringify(record);
  if (text !== good[schema]) add(`random ${n}`, schema, "same", text);
}

writeFileSync(join(dir, "cases.jsonl"), cases.map((one) => `${JSON.stringify(one)}\n`).join(""));
console.log(JSON.stringify({ cases: cases.length }));
