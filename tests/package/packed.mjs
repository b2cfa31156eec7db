// The package as it would be published: packed, installed beside the README's examples and a charge. Everything
// here is tested from that directory, so that nothing but what is in the tarball can make it work.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const core = join(root, "crates/core/tests/data");
/** How long any one program may take. */
const LIMIT = 120_000;

/** Where the tools of this directory's lock file lie. */
export const tools = join(here, "node_modules");
/** The sample charge, as text. */
export const charge = readFileSync(join(core, "samples/charge.json"), "utf8");

/** A sample object of each resource. */
export const samples = () => {
  const directory = join(core, "samples");
  return readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), "utf8")));
};

/** The directory that the package is installed in, with its examples. */
export const app = mkdtempSync(join(tmpdir(), "stripe-xdm-package-"));
process.on("exit", () => rmSync(app, { recursive: true, force: true }));

/** Runs a program in the directory to its end; what it printed. */
export async function run(program, args, options = {}) {
  const settled = promisify(execFile)(program, args, {
    cwd: app,
    timeout: LIMIT,
    maxBuffer: 64 << 20,
    env: { ...process.env, CI: "1", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1" },
    ...options,
  });
  try {
    return (await settled).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout ?? ""}${error.stderr ?? ""}`);
  }
}

/** The program in an npm package that comes as one package for each platform, whichever is installed. */
export function platformProgram(scope, path) {
  const [platform] = readdirSync(join(tools, scope));
  assert.ok(platform, `${scope} has no program for this platform; run \`npm ci --ignore-scripts\` in tests/package`);
  return join(tools, scope, platform, path);
}

const [packed] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", app], { cwd: join(root, "pkg") }));
/** The tarball. */
export const tarball = join(app, packed.filename);
/** Paths of the files in it. */
export const files = packed.files.map((file) => file.path);

writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", tarball]);
cpSync(join(here, "fixtures"), app, { recursive: true });
cpSync(join(root, "pkg/examples"), join(app, "examples"), { recursive: true });
mkdirSync(join(app, "public"));
for (const file of ["charge.json", "public/charge.json"]) writeFileSync(join(app, file), charge);

/** Names of the README's examples; the first line of each is its file's name. */
export const examples = [];
const readme = readFileSync(join(app, "node_modules/stripe-xdm/README.md"), "utf8");
for (const [, text, name] of readme.matchAll(/^```(?:js|ts)\n(\/\/ (\S+)\n[^]*?)^```$/gm)) {
  examples.push(name);
  writeFileSync(join(app, name), text.slice(text.indexOf("\n") + 1));
}

// Written by hand from Adobe's rules; what depends on the caller is not in it.
const golden = JSON.parse(readFileSync(join(core, "golden/charge.json"), "utf8"));
const ENVELOPE = ["accountID", "apiVersion", "eventID", "eventType", "requestID", "sourceVersion"];

function bare(record) {
  const { extSourceSystemAudit: { lastUpdatedDate, ...audit } = {}, _acme, ...rest } = record;
  const stripe = Object.entries(_acme.stripe).filter(([key]) => !ENVELOPE.includes(key));
  return { ...rest, ...(Object.keys(audit).length && { audit }), _acme: { ..._acme, stripe: Object.fromEntries(stripe) } };
}

/** What the first example printed: every other one must say the same. */
let first;

/** Checks what an example made of the charge. */
export function assertOutcomes(text) {
  const outcomes = JSON.parse(text);
  assert.equal(outcomes[0]?.status, "done", text);
  assert.deepEqual(bare(outcomes[0].records[0].record), bare(golden));
  first ??= outcomes;
  assert.deepEqual(outcomes, first);
}
