// The examples that are there to be deployed, each in its runtime: an event that is sent twice is in its dataset once.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { app, platformProgram } from "../packed.mjs";
import { countOf } from "./scene.mjs";
import { eventOf, sample, signature } from "./sender.mjs";
import { bundle, settings, theWorker } from "./worker.mjs";

/** Sends an event twice, and one that nobody signed; `send` gives status and text of an answer. */
async function assertEndpoint(send) {
  const { id, body } = eventOf("charge.succeeded", sample("charge"));
  for (const status of ["delivered", "duplicate"]) {
    const answer = await send(body, { "stripe-signature": signature(body) });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).events[0].status, status);
  }
  assert.equal((await send(body, { "stripe-signature": signature(body, { secret: "whsec_other" }) })).status, 400);
  assert.equal(await countOf("stripe_charge_events", id), 1);
}

const overHttp = (url) => async (body, headers) => {
  const answer = await fetch(url, { method: "POST", body, headers });
  return { status: answer.status, text: await answer.text() };
};

/** Runs a server until the test is over; its address as it prints it. */
async function served(t, program, args, options, pattern) {
  const env = { ...process.env, ...settings, HOST: "127.0.0.1", PORT: "0", ...options.env };
  const server = spawn(program, args, { ...options, env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => server.kill());
  let said = "";
  return new Promise((resolve, reject) => {
    server.on("error", reject).on("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        said += `${line}\n`;
        const port = pattern.exec(line)?.[1];
        if (port !== undefined) resolve(`http://127.0.0.1:${port}/`);
      });
    }
  });
}

test("Node serves its example", async (t) => {
  const cwd = join(app, "examples/node");
  await assertEndpoint(overHttp(await served(t, process.execPath, ["server.mjs"], { cwd }, /port (\d+)/)));
});

test("Deno serves its example, with Deno KV", async (t) => {
  const cwd = join(app, "examples/deno");
  // The package is the one that is installed above, not one of a registry.
  writeFileSync(join(cwd, "deno.json"), JSON.stringify({ unstable: ["kv"], nodeModulesDir: "manual" }));
  const args = ["run", "--check", "--no-prompt", "--no-remote", "--allow-env", "--allow-read", "--allow-net", "main.ts"];
  const env = { NO_COLOR: "1", DENO_DIR: join(app, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
  const deno = platformProgram("@deno", "deno");
  await assertEndpoint(overHttp(await served(t, deno, args, { cwd, env }, /127\.0\.0\.1:(\d+)/)));
});

test("Cloudflare's runtime serves its example, with Durable Objects", async () => {
  const worker = await theWorker();
  await assertEndpoint(async (body, headers) => {
    const answer = await worker.dispatchFetch("http://127.0.0.1/", { method: "POST", body, headers });
    return { status: answer.status, text: await answer.text() };
  });
});

test("an edge-light runtime serves Vercel's example", async () => {
  // The runtime hands the module over compiled, from a realm of its own.
  const imported = {
    name: "module",
    setup(build) {
      build.onResolve({ filter: /\.wasm\?module$/ }, () => ({ path: "module", namespace: "wasm" }));
      build.onLoad({ filter: /.*/, namespace: "wasm" }, () => ({ contents: "export default compiledModule" }));
    },
  };
  const stdin = { contents: 'import handle from "./stripe.ts"; globalThis.handle = handle;', resolveDir: join(app, "examples/vercel-edge/api") };
  const { outputFiles } = await build({ ...bundle, stdin, conditions: ["edge-light"], plugins: [imported], write: false });
  const vm = new EdgeVM();
  vm.context.moduleBytes = readFileSync(join(app, "node_modules/stripe-xdm/dist/stripe_xdm_bg.wasm"));
  vm.context.process = { env: settings };
  await vm.evaluate(`(async () => {
    const compiledModule = await WebAssembly.compile(Uint8Array.from(moduleBytes));
    ${outputFiles[0].text}
  })()`);
  await assertEndpoint(async (body, headers) => {
    vm.context.sent = JSON.stringify({ body, headers });
    const answer = await vm.evaluate(`(async () => {
      const { body, headers } = JSON.parse(sent);
      const answer = await handle(new Request("https://shop.example/", { method: "POST", body, headers }));
      return JSON.stringify({ status: answer.status, text: await answer.text() });
    })()`);
    return JSON.parse(answer);
  });
});
