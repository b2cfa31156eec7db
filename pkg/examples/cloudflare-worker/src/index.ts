// Stripe's events into Experience Platform, by a Cloudflare Worker.

import { aepStreaming, createWebhookHandler, stripeObjects } from "stripe-xdm/webhook";
import { durable, type SeenNamespace } from "stripe-xdm/webhook/cloudflare";

export { SeenEvents } from "stripe-xdm/webhook/cloudflare";

interface Env extends Record<string, unknown> {
  SEEN: SeenNamespace;
  STRIPE_WEBHOOK_SECRETS: string;
  STRIPE_ACCOUNT: string;
  STRIPE_API_KEY?: string;
  AEP_TENANT: string;
  AEP_ORG: string;
  AEP_SANDBOX: string;
  AEP_CLIENT_ID: string;
  AEP_CLIENT_SECRET: string;
  AEP_SCOPES: string;
  AEP_INLET: string;
  AEP_DELETION_INLET?: string;
  AEP_IMS?: string;
  AEP_DATASETS: string;
}

// Made once for all requests that this instance gets: compiling the models takes some milliseconds.
let handler: ((request: Request) => Promise<Response>) | undefined;

function made(env: Env): (request: Request) => Promise<Response> {
  return createWebhookHandler({
    secrets: env.STRIPE_WEBHOOK_SECRETS.split(","),
    settings: { tenant: env.AEP_TENANT, account: env.STRIPE_ACCOUNT },
    sink: aepStreaming({
      org: env.AEP_ORG,
      sandbox: env.AEP_SANDBOX,
      clientId: env.AEP_CLIENT_ID,
      clientSecret: env.AEP_CLIENT_SECRET,
      scopes: env.AEP_SCOPES,
      inlet: env.AEP_INLET,
      deletionInlet: env.AEP_DELETION_INLET,
      ims: env.AEP_IMS,
      datasets: JSON.parse(env.AEP_DATASETS),
    }),
    seen: durable(env.SEEN),
    fetchObject: env.STRIPE_API_KEY ? stripeObjects({ apiKey: env.STRIPE_API_KEY }) : undefined,
    observe: ({ status, errors }) => {
      if (status !== 200) console.error(status, ...errors);
    },
  });
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    handler ??= made(env);
    return handler(request);
  },
};
