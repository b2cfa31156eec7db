// What Cloudflare's stores remember and forget, in Cloudflare's runtime.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app } from "../packed.mjs";

const WORKER = `
import { durable, kv, SeenEvents } from "stripe-xdm/webhook/cloudflare";

export class Seen extends SeenEvents {
  constructor(state) {
    super(state);
    this.storage = state.storage;
  }

  // More than one page of events whose time is over, and two whose time is not.
  async fetch(request) {
    if (new URL(request.url).pathname !== "/swept") return super.fetch(request);
    const until = Date.now() + 60_000;
    for (let number = 0; number < 300; number += 1) {
      await this.storage.put("old-" + number, { delivered: true, until: 1 });
    }
    for (const id of ["a", "z"]) await this.storage.put(id, { delivered: true, until });
    await this.alarm();
    return Response.json({ left: [...(await this.storage.list()).keys()], alarm: await this.storage.getAlarm() });
  }
}

async function said(store) {
  const said = [await store.claim("one"), await store.claim("one")];
  await store.settle("one", true);
  said.push(await store.claim("one"), await store.claim("two"));
  await store.settle("two", false);
  said.push(await store.claim("two"));
  return said;
}

export default {
  async fetch(request, { KV, SEEN }) {
    const swept = await SEEN.get(SEEN.idFromName("swept")).fetch("https://seen/swept");
    return Response.json({ kv: await said(kv(KV)), durable: await said(durable(SEEN)), swept: await swept.json() });
  },
};
`;

test("Workers KV and Durable Objects remember what was delivered, and forget it in time", async (t) => {
  const modulesRoot = join(app, "stores/bundled");
  mkdirSync(modulesRoot, { recursive: true });
  const entry = join(app, "stores/worker.mjs");
  writeFileSync(entry, WORKER);
  const scriptPath = join(modulesRoot, "worker.mjs");
  await build({ entryPoints: [entry], outfile: scriptPath, bundle: true, format: "esm", conditions: ["workerd"] });
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    modules: true,
    modulesRoot,
    scriptPath,
    compatibilityDate: "2026-01-01",
    kvNamespaces: ["KV"],
    durableObjects: { SEEN: { className: "Seen", useSQLite: true } },
  });
  t.after(() => miniflare.dispose());
  const answer = await miniflare.dispatchFetch("http://127.0.0.1/");
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { kv, durable, swept } = JSON.parse(text);
  // Two that come at once both go through KV.
  assert.deepEqual(kv, ["new", "new", "known", "new", "new"]);
  assert.deepEqual(durable, ["new", "busy", "known", "new", "new"]);
  assert.deepEqual(swept.left, ["a", "z"]);
  assert.ok(swept.alarm > Date.now(), "it sweeps again");
});
