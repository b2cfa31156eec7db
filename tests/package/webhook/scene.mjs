// Where the stand-ins for Stripe and Adobe are that a test in Rust has started, and what is in them.
//
// SCENE  JSON: {"stripe": {"url", "key", "livemode", "customer", "charge", "gone"}, "localstripe": {"url", "key"},
//        "aep": options of `aepStreaming`}

import assert from "node:assert/strict";

assert.ok(process.env.SCENE, "these tests are run by `cargo test --release --workspace --test promises webhook`, which sets the scene");

export const { stripe, localstripe, aep } = JSON.parse(process.env.SCENE);

/** How many records of a dataset came in that hold a text. */
export async function countOf(dataset, text) {
  const url = new URL(`/sandbox/collected/${aep.datasets[dataset].datasetId}?limit=1000`, aep.inlet);
  const answer = await fetch(url);
  assert.equal(answer.status, 200, String(url));
  const { items } = await answer.json();
  return items.filter(({ entity }) => JSON.stringify(entity).includes(text)).length;
}
