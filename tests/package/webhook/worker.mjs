// The examples beside the installed package, what they are told, and Cloudflare's as a worker that runs.

import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app } from "../packed.mjs";
import { aep, stripe } from "./scene.mjs";
import { SECRET, SETTINGS } from "./sender.mjs";

cpSync(join(dirname(fileURLToPath(import.meta.url)), "../../../pkg/examples"), join(app, "examples"), { recursive: true });

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

/** Cloudflare's example in its runtime. */
export async function startWorker() {
  const modulesRoot = join(app, "examples/bundled");
  const outfile = join(modulesRoot, "worker.mjs");
  const entryPoints = [join(app, "examples/cloudflare-worker/src/index.ts")];
  await build({ ...bundle, entryPoints, conditions: ["workerd"], loader: { ".wasm": "copy" }, outfile });
  return new Miniflare({
    host: "127.0.0.1",
    modules: true,
    modulesRoot,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: outfile,
    compatibilityDate: "2026-01-01",
    durableObjects: { SEEN: { className: "SeenEvents", useSQLite: true } },
    bindings: settings,
  });
}
