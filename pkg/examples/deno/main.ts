// Stripe's events into Experience Platform, by Deno.

import { aepStreaming, createWebhookHandler, stripeObjects } from "stripe-xdm/webhook";
import { denoKv } from "stripe-xdm/webhook/deno";

function env(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`set ${name}`);
  return value;
}

const apiKey = Deno.env.get("STRIPE_API_KEY");

const handler = createWebhookHandler({
  secrets: env("STRIPE_WEBHOOK_SECRETS").split(","),
  settings: { tenant: env("AEP_TENANT"), account: env("STRIPE_ACCOUNT") },
  sink: aepStreaming({
    org: env("AEP_ORG"),
    sandbox: env("AEP_SANDBOX"),
    clientId: env("AEP_CLIENT_ID"),
    clientSecret: env("AEP_CLIENT_SECRET"),
    scopes: env("AEP_SCOPES"),
    inlet: env("AEP_INLET"),
    deletionInlet: Deno.env.get("AEP_DELETION_INLET"),
    ims: Deno.env.get("AEP_IMS"),
    datasets: JSON.parse(env("AEP_DATASETS")),
  }),
  seen: denoKv(await Deno.openKv()),
  fetchObject: apiKey ? stripeObjects({ apiKey }) : undefined,
  observe: ({ status, errors }) => {
    if (status !== 200) console.error(status, ...errors);
  },
});

const [hostname, port] = [Deno.env.get("HOST") ?? "0.0.0.0", Number(Deno.env.get("PORT") ?? 8000)];
Deno.serve({ hostname, port }, handler);
