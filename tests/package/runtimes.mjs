// Runtimes without a page: each runs its example of the README.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { app, assertOutcomes, charge, platformProgram, run } from "./packed.mjs";

const node = process.execPath;

for (const example of ["node.mjs", "node.cjs", "slim.mjs"]) {
  test(`Node runs ${example}`, async () => assertOutcomes(await run(node, [example])));
}

test("questions.mjs gets the answers that its comments tell", async () => {
  // Each line `question; // answer` becomes one that prints the question's answer.
  const lines = readFileSync(join(app, "questions.mjs"), "utf8").split("\n");
  const told = [];
  const asking = lines.map((line) => {
    const [, question, answer] = line.match(/^(\S.*); \/\/ (.*)$/) ?? [];
    if (question) told.push(answer);
    return question ? `console.log(JSON.stringify(${question}));` : line;
  });
  writeFileSync(join(app, "asking.mjs"), asking.join("\n"));
  const answers = (await run(node, ["asking.mjs"])).trim().split("\n");
  assert.equal(answers.length, told.length);
  const exact = told.filter((answer) => /^(["[]|\d+$)/.test(answer));
  assert.ok(exact.length > 3, "the comments tell answers");
  for (const [index, answer] of told.entries()) {
    const whole = answer.replace(/…$/, "").replaceAll(", ", ",").trim();
    if (exact.includes(answer)) assert.ok(answers[index].startsWith(whole), `${answers[index]} is not ${answer}`);
    else assert.ok(answers[index].length > 10, `${asking[index]} says ${answers[index]}`);
  }
});

test("Bun runs bun.mjs, and node.cjs", async () => {
  const bun = platformProgram("@oven", "bin/bun");
  assertOutcomes(await run(bun, ["bun.mjs"]));
  assertOutcomes(await run(bun, ["node.cjs"]));
});

test("Deno runs deno.mjs with leave to read and no other", async () => {
  const deno = platformProgram("@deno", "deno");
  const env = { ...process.env, NO_COLOR: "1", DENO_DIR: join(app, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
  assertOutcomes(await run(deno, ["run", "--no-prompt", "--no-remote", "--allow-read", "deno.mjs"], { env }));
});

test("a bundle of inline.mjs is a single file", async () => {
  const outfile = join(app, "single/bundle.mjs");
  await build({ ...bundle("inline.mjs"), platform: "node", outfile });
  assertOutcomes(await run(node, [outfile]));
});

test("Cloudflare's runtime runs worker.mjs", async () => {
  const outfile = join(app, "workerd/worker.mjs");
  // As the deployment tool bundles: the module stays a file of its own, imported.
  await build({ ...bundle("worker.mjs"), conditions: ["workerd"], loader: { ".wasm": "copy" }, outfile });
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    modules: true,
    modulesRoot: join(app, "workerd"),
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    scriptPath: outfile,
    compatibilityDate: "2026-01-01",
  });
  try {
    const response = await miniflare.dispatchFetch("http://127.0.0.1/", { method: "POST", body: charge });
    assert.equal(response.status, 200);
    assertOutcomes(await response.text());
  } finally {
    await miniflare.dispose();
  }
});

test("an edge-light runtime runs route.mjs", async () => {
  // The runtime hands the module over compiled, from a realm of its own.
  const imported = {
    name: "module",
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, () => ({ path: "module", namespace: "wasm" }));
      build.onLoad({ filter: /.*/, namespace: "wasm" }, () => ({ contents: "export default compiledModule" }));
    },
  };
  const result = await build({
    ...bundle("route-entry.mjs"),
    conditions: ["edge-light"],
    plugins: [imported],
    write: false,
  });
  const vm = new EdgeVM();
  vm.context.moduleBytes = readFileSync(join(app, "node_modules/stripe-xdm/dist/stripe_xdm_bg.wasm"));
  vm.context.charge = charge;
  const text = await vm.evaluate(`(async () => {
    const compiledModule = await WebAssembly.compile(Uint8Array.from(moduleBytes));
    ${result.outputFiles[0].text}
    return await answer;
  })()`);
  assertOutcomes(text);
});

function bundle(entry) {
  return {
    absWorkingDir: app,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  };
}
