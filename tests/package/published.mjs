// What is in the tarball, and what linters of packages say of it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { app, examples, files, run, tarball, tools } from "./packed.mjs";

const installed = join(app, "node_modules/stripe-xdm");

test("the tarball holds one module, named by its hash, and nothing that it should not", async () => {
  assert.deepEqual(files.filter((path) => path.endsWith(".wasm")), ["dist/stripe_xdm_bg.wasm"]);
  const outside = files.filter((path) => !path.startsWith("dist/")).sort();
  assert.deepEqual(outside, ["LICENSE", "README.md", "package.json"]);

  const wasm = readFileSync(join(installed, "dist/stripe_xdm_bg.wasm"));
  const sha256 = createHash("sha256").update(wasm).digest("hex");
  // The program's tests hold the program to the same file.
  assert.equal(readFileSync(join(installed, "dist/module.sha256"), "utf8"), `${sha256}  stripe_xdm_bg.wasm\n`);
  const { moduleSha256 } = await import(join(installed, "dist/node.js"));
  assert.equal(moduleSha256, sha256);
  const { base64 } = await import(join(installed, "dist/stripe_xdm_bg.base64.js"));
  assert.ok(Buffer.from(base64, "base64").equals(wasm));
});

test("publint finds nothing", async () => {
  const { messages } = await publint({ pkgDir: installed, level: "suggestion", strict: true, pack: false });
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.deepEqual(messages.map((message) => formatMessage(message, manifest)), []);
});

test("attw finds the types of every entry point", async () => {
  // The last two are no code.
  const excluded = ["--exclude-entrypoints", "./stripe_xdm_bg.wasm", "./module.sha256"];
  const attw = join(tools, "@arethetypeswrong/cli/dist/index.js");
  await run(process.execPath, [attw, tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji", ...excluded]);
});

test("every example of the README is known to a test", () => {
  const tested = "bun.mjs deno.mjs inline.mjs node.cjs node.mjs page.mjs plain.mjs questions.mjs route.mjs slim.mjs";
  assert.deepEqual(examples.toSorted(), [...tested.split(" "), "typed.mts", "worker.mjs"].sort());
});
