// The sample charge's mapping as one would write it by hand in JavaScript: the benchmark's yardstick for
// what a mapping engine may cost. It maps every field that the published sample charge has, nulls
// included, to the default model's destinations. What it lacks beside the module: fields of other charges, events,
// warnings, unmapped fields, integers beyond 2^53, size limits, settings, and currencies other than a few.

import { createHash } from "node:crypto";

const EXPONENTS = { usd: 2, eur: 2, gbp: 2, jpy: 0, krw: 0, kwd: 3 };

/** Converts one charge's JSON text to one record's JSON text. */
export function convertCharge(text, tenant, account) {
  const charge = JSON.parse(text);
  const { billing_details: billing, outcome, payment_method_details: method, currency } = charge;
  const card = method?.card;
  const purchased = charge.status === "succeeded" && charge.captured !== false;
  const fact = charge.status !== "succeeded" ? charge.status : purchased ? "purchase" : "authorized";
  const created = dateTime(charge.created);
  const captured = major(charge.amount_captured ?? charge.amount, currency);
  const customer = reference(charge.customer);
  const email = billing?.email?.trim();
  return JSON.stringify({
    _id: createHash("sha256").update(`stripe.${account}.charge.${charge.id}.${fact}`).digest("hex"),
    timestamp: created,
    eventType: purchased ? "commerce.purchases" : `stripe.charge.${fact}`,
    producedBy: "system",
    identityMap: customer && {
      StripeCustomerID: [{ id: customer, authenticatedState: "ambiguous", primary: true }],
    },
    commerce: {
      purchases: purchased ? { id: charge.id, value: 1 } : undefined,
      order: {
        purchaseID: reference(charge.payment_intent) ?? charge.id,
        ...(purchased && {
          currencyCode: currency.toUpperCase(),
          priceTotal: captured,
          payments: [
            {
              transactionID: charge.id,
              paymentAmount: captured,
              paymentType: paymentType(method),
              currencyCode: currency.toUpperCase(),
            },
          ],
        }),
      },
      billing: wrap("address", {
        street1: filled(billing?.address?.line1),
        street2: filled(billing?.address?.line2),
        city: filled(billing?.address?.city),
        postalCode: filled(billing?.address?.postal_code),
        state: filled(billing?.address?.state),
        countryCode: filled(billing?.address?.country),
      }),
    },
    [`_${tenant}`]: {
      stripe: {
        objectType: charge.object,
        chargeID: charge.id,
        customerID: customer,
        paymentIntentID: reference(charge.payment_intent),
        invoiceID: reference(charge.invoice),
        balanceTransactionID: reference(charge.balance_transaction),
        paymentMethodID: filled(charge.payment_method),
        livemode: given(charge.livemode),
        accountID: account,
        metadata: some(charge.metadata),
        charge: {
          amount: major(charge.amount, currency),
          amountMinor: given(charge.amount),
          amountCapturedMinor: given(charge.amount_captured),
          amountRefunded: major(charge.amount_refunded, currency),
          amountRefundedMinor: given(charge.amount_refunded),
          applicationID: reference(charge.application),
          applicationFeeID: reference(charge.application_fee),
          applicationFeeAmount: major(charge.application_fee_amount, currency),
          applicationFeeAmountMinor: given(charge.application_fee_amount),
          billingDetails: some({
            email: filled(email),
            name: filled(billing?.name),
            phone: filled(billing?.phone),
          }),
          calculatedStatementDescriptor: filled(charge.calculated_statement_descriptor),
          captured: given(charge.captured),
          created,
          currency: currency.toUpperCase(),
          description: filled(charge.description),
          disputed: given(charge.disputed),
          failureBalanceTransactionID: reference(charge.failure_balance_transaction),
          failureCode: filled(charge.failure_code),
          failureMessage: filled(charge.failure_message),
          onBehalfOfAccountID: reference(charge.on_behalf_of),
          outcome: some({
            networkStatus: filled(outcome?.network_status),
            reason: filled(outcome?.reason),
            riskLevel: filled(outcome?.risk_level),
            riskScore: given(outcome?.risk_score),
            sellerMessage: filled(outcome?.seller_message),
            type: filled(outcome?.type),
          }),
          paid: given(charge.paid),
          paymentMethodDetails: some({
            card: some({
              brand: filled(card?.brand),
              checks: some({
                addressLine1Check: filled(card?.checks?.address_line1_check),
                addressPostalCodeCheck: filled(card?.checks?.address_postal_code_check),
                cvcCheck: filled(card?.checks?.cvc_check),
              }),
              country: filled(card?.country),
              expMonth: given(card?.exp_month),
              expYear: given(card?.exp_year),
              fingerprint: filled(card?.fingerprint),
              funding: filled(card?.funding),
              last4: filled(card?.last4),
              network: filled(card?.network),
            }),
            mandateID: reference(card?.mandate),
            type: filled(method?.type),
          }),
          receiptEmail: filled(charge.receipt_email?.trim()),
          receiptNumber: filled(charge.receipt_number),
          refunded: given(charge.refunded),
          reviewID: reference(charge.review),
          sourceTransferID: reference(charge.source_transfer),
          statementDescriptor: filled(charge.statement_descriptor),
          statementDescriptorSuffix: filled(charge.statement_descriptor_suffix),
          status: filled(charge.status),
          transferGroup: filled(charge.transfer_group),
          fraudDetails: some({
            stripeReport: filled(charge.fraud_details?.stripe_report),
            userReport: filled(charge.fraud_details?.user_report),
          }),
        },
      },
    },
  });
}

/** JSON.stringify leaves out undefined, but not null. */
function given(value) {
  return value ?? undefined;
}

/** No empty string is ever emitted. */
function filled(value) {
  return value === null || value === "" ? undefined : value;
}

/** The id behind an expandable reference. */
function reference(value) {
  return typeof value === "string" ? value : value?.id;
}

/** No empty object is ever emitted. */
function some(object) {
  for (const key in object) if (object[key] !== undefined) return object;
  return undefined;
}

function wrap(key, object) {
  const inner = some(object);
  return inner && { [key]: inner };
}

function major(minor, currency) {
  if (minor === null || minor === undefined) return undefined;
  return Number((minor / 10 ** EXPONENTS[currency]).toFixed(EXPONENTS[currency]));
}

function dateTime(seconds) {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function paymentType(method) {
  if (method?.type !== "card") return filled(method?.type);
  return { credit: "credit_card", debit: "debit_card" }[method.card.funding] ?? "card";
}
