// Stripe's events into Experience Platform, by a server of Node's.

import { createServer } from "node:http";
import { aepStreaming, createWebhookHandler, stripeObjects } from "stripe-xdm/webhook";
import { nodeListener } from "stripe-xdm/webhook/node";

function env(name) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
}

const apiKey = process.env.STRIPE_API_KEY;

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
    deletionInlet: process.env.AEP_DELETION_INLET,
    ims: process.env.AEP_IMS,
    datasets: JSON.parse(env("AEP_DATASETS")),
  }),
  fetchObject: apiKey ? stripeObjects({ apiKey }) : undefined,
  observe: ({ status, errors }) => {
    if (status !== 200) console.error(status, ...errors);
  },
});

const server = createServer(nodeListener(handler));
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1", () => {
  console.log(`listening on port ${server.address().port}`);
});
// What was begun is answered; Stripe sends everything else again.
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => server.close());
