// Records checked by software of others: Ajv against the generated closed schemas, and the rules that JSON
// Schema cannot say read anew here, without a line of the product's code.
//
// node validate.mjs DIST DIR
//   DIR/schemas/<dataset>.json   a closed schema
//   DIR/records/<dataset>.jsonl  records, one a line
// prints {"<dataset>":{"records":n,"wrong":[{"line","where","what"}]}}

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isLosslessNumber, parse } from "lossless-json";
import { validatorOf } from "./ajv.mjs";

// Minor units per major unit, as powers of ten, where they are not 2: Stripe's table of currencies.
const EXPONENTS = new Map([
  ...["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
    .map((code) => [code, 0]),
  ...["BHD", "JOD", "KWD", "OMR", "TND"].map((code) => [code, 3]),
]);

const EVENT_BYTES = 10_000;
const RECORD_BYTES = 100_000;
const MOST_WRONG = 20;

/** What is wrong with a parsed record, walked member by member. */
function* walk(value, path) {
  if (value === null) yield [path, "is null"];
  else if (value === "") yield [path, "is empty text"];
  else if (isLosslessNumber(value)) yield* number(value.toString(), path);
  else if (typeof value === "string") yield* text(value, path);
  else if (Array.isArray(value)) {
    if (value.length === 0) yield [path, "is an empty array"];
    for (const [index, item] of value.entries()) yield* walk(item, `${path}/${index}`);
  } else if (typeof value === "object") {
    const members = Object.entries(value);
    if (members.length === 0) yield [path, "is an empty object"];
    yield* money(value, path);
    for (const [name, member] of members) yield* walk(member, `${path}/${name}`);
  }
}

function* number(digits, path) {
  if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(digits)) yield [path, "is a number with an exponent"];
  if (!digits.includes(".")) {
    const whole = BigInt(digits);
    if (whole > 2n ** 53n - 1n || whole < -(2n ** 53n) + 1n) yield [path, "is beyond 2^53-1"];
  }
}

function* text(value, path) {
  if (/\b(sk|rk)_(live|test)_\w{10}|\bwhsec_\w{10}|_secret_\w{10}/.test(value)) yield [path, "holds a secret"];
  for (const [run] of value.matchAll(/(?<![\w.])[0-9](?:[ -]?[0-9]){12,18}(?![\w.])/g)) {
    const digits = run.replace(/[ -]/g, "");
    // Ids of networks and banks are long runs of digits by nature.
    if (digits === run && /ID$/.test(path)) continue;
    if (/^(4|5[1-5]|2[2-7]|3[47]|6)/.test(digits) && luhn(digits)) yield [path, "holds a card number"];
  }
}

function luhn(digits) {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** `X` in major units and `XMinor` in minor units of the object's currency are the same amount. */
function* money(object, path) {
  const currency = object.currency ?? object.presentmentCurrency;
  for (const [name, minor] of Object.entries(object)) {
    if (!name.endsWith("Minor") || !isLosslessNumber(minor)) continue;
    const major = object[name.slice(0, -"Minor".length)];
    if (!isLosslessNumber(major)) continue;
    const code = name.startsWith("presentment") ? object.presentmentCurrency : currency;
    if (typeof code !== "string") continue;
    const exponent = EXPONENTS.get(code.toUpperCase()) ?? 2;
    const [whole, fraction = ""] = major.toString().split(".");
    if (/[1-9]/.test(fraction.slice(exponent)) ||
        BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, "0")) !== BigInt(minor.toString())) {
      yield [`${path}/${name}`, `is not ${name.slice(0, -5)} in minor units of ${code}`];
    }
  }
}

/** The id that a record must have, from the ids in it; null where it hangs on the delivery. */
function expectedId(record, own) {
  const discriminators = {
    "commerce.purchases": "purchase",
    "stripe.charge.succeeded": "purchase",
    "stripe.charge.authorized": "authorized",
    "stripe.charge.pending": "pending",
    "stripe.charge.failed": "failed",
  };
  const change = own.eventType === "customer.subscription.created" ? "created" : own.eventID;
  const ids = {
    charge: ["chargeID", discriminators[record.eventType]],
    refund: ["refundID", own.refund?.status],
    balance_transaction: ["balanceTransactionID", ""],
    subscription: ["subscriptionID", record.timestamp ? change : ""],
    customer: ["customerID", ""],
    price: ["priceID", ""],
  };
  const [idField, discriminator] = ids[own.objectType] ?? [];
  if (discriminator === undefined || !own.accountID) return null;
  const key = ["stripe", own.accountID, own.objectType, own[idField], discriminator].filter((part) => part !== "");
  return createHash("sha256").update(key.join(".")).digest("hex");
}

/** What no single record shows: one purchase a charge, refunds that sum up to what the charge says. */
function* across(datasets) {
  const [purchases, refunded, refunds] = [new Map(), new Map(), new Map()];
  for (const { record, own } of datasets.flatMap(({ records }) => records)) {
    const id = own?.chargeID;
    if (own?.objectType === "charge") {
      if (record.commerce?.purchases) purchases.set(id, (purchases.get(id) ?? 0) + 1);
      refunded.set(id, own.charge?.amountRefunded?.toString() ?? "0");
    } else if (own?.objectType === "refund" && record.commerce?.order?.refundTotal) {
      refunds.set(id, [...(refunds.get(id) ?? []), record.commerce.order.refundTotal.toString()]);
    }
  }
  for (const [id, count] of purchases) if (count > 1) yield [id, `${count} purchases of one charge`];
  for (const [id, amounts] of refunds) {
    if (!refunded.has(id)) continue;
    const sum = amounts.map(thousandths).reduce((a, b) => a + b);
    if (sum !== thousandths(refunded.get(id))) yield [id, "refunds do not sum up to amount_refunded"];
  }
}

const thousandths = (decimal) => {
  const [whole, fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(3, "0"));
};

const [dir] = process.argv.slice(3);
const result = {};
const datasets = [];
for (const file of readdirSync(join(dir, "records")).sort()) {
  const dataset = file.replace(/\.jsonl$/, "");
  const validate = validatorOf(JSON.parse(readFileSync(join(dir, "schemas", `${dataset}.json`), "utf8")));
  const lines = readFileSync(join(dir, "records", file), "utf8").split("\n").filter((line) => line !== "");
  const [wrong, records] = [[], []];
  const tell = (line, where, what) => wrong.length < MOST_WRONG && wrong.push({ line, where, what });
  for (const [index, line] of lines.entries()) {
    if (!validate(JSON.parse(line))) {
      for (const error of validate.errors) tell(index, error.instancePath, `${error.keyword}: ${error.message}`);
    }
    const record = parse(line);
    const tenant = Object.keys(record).find((name) => name.startsWith("_") && record[name].stripe);
    const own = record[tenant]?.stripe;
    for (const [where, what] of walk(record, "")) tell(index, where, what);
    const bytes = Buffer.byteLength(line);
    if (bytes > (record.timestamp ? EVENT_BYTES : RECORD_BYTES)) tell(index, "", `is ${bytes} bytes long`);
    if (own) {
      const id = expectedId(record, own);
      if (id !== null && id !== record._id) tell(index, "/_id", "is not the hash of the record's ids");
    }
    records.push({ record, own });
  }
  result[dataset] = { records: lines.length, wrong };
  datasets.push({ dataset, records });
}
result["(across datasets)"] = {
  records: 0,
  wrong: [...across(datasets)].slice(0, MOST_WRONG).map(([where, what]) => ({ line: 0, where, what })),
};
console.log(JSON.stringify(result));
