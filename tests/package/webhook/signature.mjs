// Signatures, held to Stripe's own package: what it signs is taken, and what one takes or refuses the other does, too.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { app } from "../packed.mjs";
import { SECRET, signature, stripe } from "./sender.mjs";

const { verifyWebhook } = await import(join(app, "node_modules/stripe-xdm/dist/node.js"));

const T = 1_700_000_000;

/** Whether we take it. */
function ours(body, header, secret = SECRET, at = T, tolerance = 300) {
  try {
    verifyWebhook(body, { header, secrets: [secret], now: at, tolerance });
    return true;
  } catch (error) {
    assert.equal(error.name, "StripeXdmError");
    assert.match(error.code, /^(signature_mismatch|signature_too_old|invalid_signature_header)$/);
    const isQuoted = error.message.includes(secret) || (body.length > 30 && error.message.includes(body.toString()));
    assert.ok(!isQuoted, error.message);
    return false;
  }
}

/** Whether Stripe's package does. */
function theirs(body, header, secret = SECRET, at = T, tolerance = 300) {
  try {
    return stripe.webhooks.signature.verifyHeader(body, header, secret, tolerance, undefined, at * 1000);
  } catch (error) {
    // An empty signature it trips over.
    assert.ok(error.type === "StripeSignatureVerificationError" || /secureCompare/.test(error.message), error);
    return false;
  }
}

function hmac(secret, ...parts) {
  return parts.reduce((mac, part) => mac.update(part), createHmac("sha256", secret)).digest("hex");
}

function pick(choices) {
  return choices[Math.floor(Math.random() * choices.length)];
}

/** Text of any letters. Of bytes that are no UTF-8 Stripe's package would sign something else. */
function randomText(length) {
  return randomBytes(Math.floor(Math.random() * length)).toString(pick(["utf8", "base64", "latin1", "utf16le"]));
}

test("what Stripe's package signs is taken, on random bodies", () => {
  for (let round = 0; round < 300; round += 1) {
    const text = randomText(2000);
    const body = Buffer.from(text);
    const secret = `whsec_${randomBytes(1 + Math.floor(Math.random() * 100)).toString("base64")}`;
    const header = signature(text, { secret, timestamp: T });
    assert.ok(ours(body, header, secret), `${header} of ${text}`);
    assert.ok(!ours(body, header, `${secret}x`));
    assert.ok(!ours(Buffer.concat([body, Buffer.from("\n")]), header, secret));
  }
});

test("what we take is what Stripe's package takes, on random bodies, headers and ages", () => {
  let taken = 0;
  for (let round = 0; round < 2000; round += 1) {
    const body = Buffer.from(randomText(300));
    const other = pick([SECRET, SECRET, SECRET, "whsec_other"]);
    const good = hmac(other, `${T}.`, body);
    const wrong = randomBytes(32).toString("hex");
    const signatures = [
      [`v1=${good}`],
      [`v1=${wrong}`, `v1=${good}`],
      [`v1=${wrong}`],
      [`v0=${good}`],
      [`v0=${wrong}`, `v1=${good}`],
      [`v1=${good.toUpperCase()}`],
      [`v1=${good.slice(0, 62)}`],
      [`v1=${good}00`],
      ["v1="],
      [],
      [`v2=${good}`, `v1=${good}`],
    ];
    const time = pick([`t=${T}`, `t=${T}`, `t=${T}`, `t=${T + 1}`, "t=", "t=x", ""]);
    const parts = [...pick(signatures), time].filter((part) => part !== "");
    const header = (Math.random() < 0.5 ? parts.reverse() : parts).join(pick([",", ",", ",", ", "]));
    const [at, tolerance] = [T + pick([0, 299, 300, 301, -1000]), pick([300, 300, 10, 0])];
    const verdict = ours(body, header, SECRET, at, tolerance);
    assert.equal(verdict, theirs(body, header, SECRET, at, tolerance), `${header} at ${at}, tolerance ${tolerance}`);
    taken += Number(verdict);
  }
  assert.ok(taken > 50, `only ${taken} were taken`);
});

test("one header may serve two secrets while one is rolled", () => {
  const body = Buffer.from("{}");
  const header = `t=${T},v1=${hmac("whsec_old", `${T}.{}`)},v1=${hmac("whsec_new", `${T}.{}`)}`;
  for (const secret of ["whsec_old", "whsec_new"]) assert.ok(ours(body, header, secret) && theirs(body, header, secret));
  verifyWebhook(body, { header, secrets: ["whsec_unknown", "whsec_new"], now: T });
});

test("without a secret nothing is taken", () => {
  const header = `t=${T},v1=${hmac("", `${T}.{}`)}`;
  for (const secrets of [[], [""], ["whsec_a", ""]]) {
    const call = () => verifyWebhook(Buffer.from("{}"), { header, secrets, now: T });
    assert.throws(call, { name: "StripeXdmError", code: "invalid_secret" });
  }
});
