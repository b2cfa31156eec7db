// stripe-stateful-mock, by others, as a server to sync from.
//
//   stateful_mock.mjs serve                            listens on a free port of loopback, prints its address
//   stateful_mock.mjs fill BASE DIRECTORY              creates objects; writes one file for each resource
//   stateful_mock.mjs check DIRECTORY LAKE RESOURCE…   compares; says what differs and fails

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parse } from "lossless-json";

const KEY = "sk_test_12345";
const DATASETS = {
  charges: ["stripe_charge_events", "chargeID"],
  customers: ["stripe_customers", "customerID"],
  refunds: ["stripe_refund_events", "refundID"],
  prices: ["stripe_prices", "priceID"],
};
// How many digits after the point.
const DIGITS = { usd: 2, jpy: 0 };

function serve() {
  const { createExpressApp } = createRequire(import.meta.url)("stripe-stateful-mock");
  const server = createExpressApp().listen(0, "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${server.address().port}`);
  });
}

async function call(base, path, data) {
  const answer = await fetch(base + path, {
    method: data ? "POST" : "GET",
    headers: { authorization: `Bearer ${KEY}` },
    body: data && new URLSearchParams(data),
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, `${path}: ${JSON.stringify(body)}`);
  return body;
}

async function fill(base, directory) {
  const made = { charges: [], customers: [], refunds: [], prices: [] };
  const customers = [];
  for (let number = 0; number < 130; number++) {
    const data = { email: `person.${number}@example.com`, name: `Ngô ${number}`, "metadata[number]": number };
    if (number < 5) data.source = "tok_visa";
    customers.push((await call(base, "/v1/customers", data)).id);
  }
  const charges = [];
  for (let number = 0; number < 210; number++) {
    const currency = number % 2 ? "usd" : "jpy";
    const data = { amount: 70 + 13 * number, currency, "metadata[order]": `order-${number}` };
    if (number % 3) data.source = "tok_mastercard";
    else data.customer = customers[number % 5];
    charges.push((await call(base, "/v1/charges", data)).id);
  }
  for (const [number, charge] of charges.slice(0, 15).entries()) {
    made.refunds.push(await call(base, "/v1/refunds", { charge, amount: 1 + number }));
  }
  for (let number = 0; number < 12; number++) {
    const data = { currency: "usd", unit_amount: 1_000 + number, "product_data[name]": `Tea ${number}` };
    made.prices.push(await call(base, "/v1/prices", data));
  }
  for (const id of charges) made.charges.push(await call(base, `/v1/charges/${id}`));
  for (const id of customers) made.customers.push(await call(base, `/v1/customers/${id}`));
  for (const [name, objects] of Object.entries(made)) {
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(objects));
  }
  // A sync leaves the second in which it starts to the next one.
  const second = () => Math.floor(Date.now() / 1000);
  for (const newest = second(); second() === newest; ) await setTimeout(20);
}

function check(directory, lake, ...names) {
  for (const name of names) {
    const [dataset, field] = DATASETS[name];
    const wanted = new Map(JSON.parse(readFileSync(join(directory, `${name}.json`))).map((o) => [o.id, o]));
    const found = new Map();
    const place = join(lake, dataset);
    for (const file of existsSync(place) ? readdirSync(place) : []) {
      for (const line of readFileSync(join(place, file), "utf8").split("\n").filter(Boolean)) {
        // Numbers stay as they are written.
        const record = parse(line);
        const id = record._acme.stripe[field];
        assert(!found.has(id), `${id} is there twice`);
        found.set(id, record);
      }
    }
    assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort(), dataset);
    for (const [id, object] of wanted) COMPARE[name](object, found.get(id));
    console.log(`${dataset}: ${found.size} as created`);
  }
}

const text = (number) => number.toString();

/** An amount of minor units as it is to be written. */
function major(amount, currency) {
  const digits = DIGITS[currency];
  if (digits === 0) return String(amount);
  const padded = String(amount).padStart(digits + 1, "0");
  return `${padded.slice(0, -digits)}.${padded.slice(-digits)}`;
}

const COMPARE = {
  charges(object, record) {
    const ours = record._acme.stripe;
    assert.equal(text(ours.charge.amount), major(object.amount, object.currency), object.id);
    assert.equal(text(ours.charge.amountMinor), String(object.amount), object.id);
    assert.equal(text(ours.charge.amountRefundedMinor), String(object.amount_refunded), object.id);
    assert.equal(ours.customerID ?? null, object.customer, object.id);
    assert.equal(ours.metadata.order, object.metadata.order, object.id);
    assert.equal(record.timestamp, new Date(object.created * 1000).toISOString().replace(".000Z", "Z"));
  },
  customers(object, record) {
    assert.equal(record.personalEmail.address, object.email);
    // It forgets names.
    assert.equal(record.person?.name?.fullName ?? null, object.name ?? null);
    assert.equal(record._acme.stripe.metadata.number, object.metadata.number);
  },
  refunds(object, record) {
    const ours = record._acme.stripe;
    assert.equal(ours.chargeID, object.charge);
    assert.equal(text(ours.refund.amountMinor), String(object.amount), object.id);
  },
  prices(object, record) {
    assert.equal(text(record._acme.stripe.price.unitAmountMinor), String(object.unit_amount));
    assert.equal(record._acme.stripe.price.active, object.active);
  },
};

const [command, ...given] = process.argv.slice(2);
await { serve, fill, check }[command](...given);
