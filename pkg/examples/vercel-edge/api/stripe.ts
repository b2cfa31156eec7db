// Stripe's events into Experience Platform, by an edge function of Vercel's.

import { aepStreaming, createWebhookHandler, stripeObjects } from "stripe-xdm/webhook";

export const config = { runtime: "edge" };

declare const process: { readonly env: Readonly<Record<string, string | undefined>> };

function env(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
}

const apiKey = process.env["STRIPE_API_KEY"];

// Without `seen` each instance remembers for itself: a double that another one gets is sent on, with the same _id.
export default createWebhookHandler({
  secrets: env("STRIPE_WEBHOOK_SECRETS").split(","),
  settings: { tenant: env("AEP_TENANT"), account: env("STRIPE_ACCOUNT") },
  sink: aepStreaming({
    org: env("AEP_ORG"),
    sandbox: env("AEP_SANDBOX"),
    clientId: env("AEP_CLIENT_ID"),
    clientSecret: env("AEP_CLIENT_SECRET"),
    scopes: env("AEP_SCOPES"),
    inlet: env("AEP_INLET"),
    deletionInlet: process.env["AEP_DELETION_INLET"],
    ims: process.env["AEP_IMS"],
    datasets: JSON.parse(env("AEP_DATASETS")),
  }),
  fetchObject: apiKey ? stripeObjects({ apiKey }) : undefined,
  observe: ({ status, errors }) => {
    if (status !== 200) console.error(status, ...errors);
  },
});
