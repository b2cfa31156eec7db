// Stripe's own library takes what the lines of the input say was signed, signs each body anew, and writes that.

import { text } from "node:stream/consumers";
import { signature, stripe } from "./sender.mjs";

const lines = (await text(process.stdin)).split("\n").filter(Boolean);
for (const line of lines) {
  const { body, header, secret, at } = JSON.parse(line);
  // The last argument is when it was received, in milliseconds.
  stripe.webhooks.constructEvent(body, header, secret, 300, undefined, at * 1000);
  console.log(JSON.stringify({ body, header: signature(body, { secret, timestamp: at }) }));
}
