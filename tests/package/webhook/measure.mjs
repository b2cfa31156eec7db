// What an event costs an endpoint: `node webhook/measure.mjs`, after `cargo xtask pkg`. Not a test: times are not asserted.
//
// Processor time is told by the system for the whole process, garbage collection included.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app } from "../packed.mjs";
import { delivery, eventOf, sample, SECRET, SETTINGS, signature } from "./sender.mjs";

const EVENTS = 2000;
const options = { secrets: [SECRET], settings: SETTINGS, sink: async () => undefined };
const bodies = (count) => Array.from({ length: count }, () => eventOf("charge.succeeded", sample("charge")).body);
const told = (what, value, unit) => console.log(`${what.padEnd(60)} ${value.toFixed(2).padStart(8)} ${unit}`);

async function inNode() {
  const dist = join(app, "node_modules/stripe-xdm/dist");
  let start = performance.now();
  const { createWebhookHandler } = await import(join(dist, "webhook/index.js"));
  told("Node: loading package and module", performance.now() - start, "ms");
  start = performance.now();
  const handler = createWebhookHandler(options);
  told("Node: compiling the models", performance.now() - start, "ms");
  for (const body of bodies(200)) await handler(delivery(body));
  const requests = bodies(EVENTS).map((body) => delivery(body));
  const before = process.cpuUsage();
  for (const request of requests) await handler(request);
  const { user, system } = process.cpuUsage(before);
  told("Node: an event, verified, converted and answered", (user + system) / 1000 / EVENTS, "ms of CPU");
}

/** Processor time of all processes of workerd that are children of this one, in milliseconds. */
function ofWorkerd() {
  let ticks = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, "utf8");
      const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat);
      const fields = rest.split(" ");
      if (name.startsWith("workerd") && Number(fields[1]) === process.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended.
    }
  }
  return ticks * 10;
}

async function inWorkerd() {
  mkdirSync(join(app, "measured"));
  const entry = join(app, "measured/index.mjs");
  const given = `{ ...${JSON.stringify(options)}, sink: async () => undefined }`;
  writeFileSync(
    entry,
    `import { createWebhookHandler } from "stripe-xdm/webhook";
     let handler;
     export default { fetch: (request) => (handler ??= createWebhookHandler(${given}))(request) };`,
  );
  const outfile = join(app, "measured/bundled/worker.mjs");
  const bundled = { bundle: true, format: "esm", target: "es2022", conditions: ["workerd"], loader: { ".wasm": "copy" } };
  await build({ ...bundled, entryPoints: [entry], outfile });
  const worker = new Miniflare({
    host: "127.0.0.1",
    modules: true,
    modulesRoot: join(app, "measured/bundled"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: outfile,
    compatibilityDate: "2026-01-01",
  });
  try {
    const url = await worker.ready;
    const send = async (body) => {
      const answer = await fetch(url, { method: "POST", body, headers: { "stripe-signature": signature(body) } });
      if (answer.status !== 200) throw new Error(await answer.text());
      await answer.arrayBuffer();
    };
    const [first] = bodies(1);
    const [start, idle] = [performance.now(), ofWorkerd()];
    await send(first);
    told("workerd: the first event, models compiled", performance.now() - start, "ms");
    told("workerd: the first event, models compiled", ofWorkerd() - idle, "ms of CPU");
    for (const body of bodies(200)) await send(body);
    const before = ofWorkerd();
    for (const body of bodies(EVENTS)) await send(body);
    told("workerd: an event, verified, converted and answered", (ofWorkerd() - before) / EVENTS, "ms of CPU");
  } finally {
    await worker.dispose();
  }
}

await inNode();
await inWorkerd();
