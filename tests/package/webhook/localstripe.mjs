// Webhooks of a server that we did not write: PyPI's localstripe signs and sends each event twice, once for each of two
// endpoints at one address.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { countOf, localstripe } from "./scene.mjs";
import { SECRET } from "./sender.mjs";
import { theWorker } from "./worker.mjs";

const CUSTOMERS = 5;
/** It waits a second before it sends. */
const LIMIT = 60_000;

async function post(path, fields) {
  const headers = { authorization: `Bearer ${localstripe.key}` };
  const answer = await fetch(`${localstripe.url}${path}`, { method: "POST", headers, body: new URLSearchParams(fields) });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

test("what localstripe sends twice reaches a worker and lands once", { timeout: LIMIT }, async (t) => {
  const worker = await theWorker();
  const statuses = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const headers = { "stripe-signature": incoming.headers["stripe-signature"] };
    const answer = await worker.dispatchFetch("http://127.0.0.1/", { method: "POST", headers, body: Buffer.concat(chunks) });
    const { events, error } = await answer.json();
    outgoing.writeHead(answer.status).end();
    statuses.push(events?.[0].status ?? error.code);
    server.emit("answered");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());

  const url = `http://127.0.0.1:${server.address().port}/`;
  for (const id of ["one", "two"]) await post(`/_config/webhooks/${id}`, { url, secret: SECRET });
  const customers = [];
  for (let number = 0; number < CUSTOMERS; number += 1) {
    const { id } = JSON.parse(await post("/v1/customers", { name: `Zoë ${number}`, "metadata[number]": number }));
    customers.push(id);
  }
  while (statuses.length < 2 * CUSTOMERS) await once(server, "answered");

  assert.deepEqual(statuses.toSorted(), [...Array(CUSTOMERS).fill("delivered"), ...Array(CUSTOMERS).fill("duplicate")]);
  for (const id of customers) assert.equal(await countOf("stripe_customers", id), 1, id);
});
