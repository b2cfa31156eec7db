// What the examples are told, and Cloudflare's as a worker that runs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app } from "../packed.mjs";
import { aep, stripe } from "./scene.mjs";
import { SECRET, SETTINGS } from "./sender.mjs";

/** What the examples read from their environment. */
export const settings = {
  STRIPE_WEBHOOK_SECRETS: `whsec_old,${SECRET}`,
  STRIPE_ACCOUNT: SETTINGS.account,
  STRIPE_API_KEY: stripe.key,
  AEP_TENANT: SETTINGS.tenant,
  AEP_ORG: aep.org,
  AEP_SANDBOX: aep.sandbox,
  AEP_CLIENT_ID: aep.clientId,
  AEP_CLIENT_SECRET: aep.clientSecret,
  AEP_SCOPES: aep.scopes,
  AEP_INLET: aep.inlet,
  AEP_IMS: aep.ims,
  AEP_DATASETS: JSON.stringify(aep.datasets),
};

/** How examples are bundled, as the tools do that deploy them. */
export const bundle = { bundle: true, format: "esm", target: "es2022", logLevel: "error" };

/** Cloudflare's example in its runtime, as its own configuration describes it; one for all. */
let worker;

export const theWorker = () => (worker ??= startWorker());
after(async () => (await worker)?.dispose());

async function startWorker() {
  const project = join(app, "examples/cloudflare-worker");
  const config = JSON.parse(readFileSync(join(project, "wrangler.jsonc"), "utf8").replace(/^ *\/\/.*$/gm, ""));
  const modulesRoot = join(app, "examples/bundled");
  const outfile = join(modulesRoot, "worker.mjs");
  const entryPoints = [join(project, config.main)];
  await build({ ...bundle, entryPoints, conditions: ["workerd"], loader: { ".wasm": "copy" }, outfile });
  const sqlite = config.migrations.flatMap((migration) => migration.new_sqlite_classes);
  const objects = config.durable_objects.bindings.map(({ name, class_name: className }) => {
    return [name, { className, useSQLite: sqlite.includes(className) }];
  });
  // What is neither a variable nor a secret that the configuration names is not there when it is deployed.
  const given = [...Object.keys(config.vars), "STRIPE_WEBHOOK_SECRETS", "AEP_CLIENT_SECRET", "AEP_IMS"];
  return new Miniflare({
    host: "127.0.0.1",
    modules: true,
    modulesRoot,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: outfile,
    compatibilityDate: config.compatibility_date,
    durableObjects: Object.fromEntries(objects),
    bindings: Object.fromEntries(given.map((name) => [name, settings[name]])),
  });
}
