// The types, read by TypeScript's own compiler as a project of the user's reads them.

import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { app, samples, tools } from "./packed.mjs";

// The compiler that the package is built with.
const ts = createRequire(new URL("../../pkg/package.json", import.meta.url))("typescript");

symlinkSync(join(tools, "stripe"), join(app, "node_modules/stripe"));

/** What the compiler says of files, as `name:line: message`. */
function complaints(files, options) {
  const program = ts.createProgram(files.map((file) => join(app, file)), {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    types: [],
    ...options,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.slice(app.length + 1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

const nodeNext = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const bundler = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };

test("the typed example compiles with Stripe's own types", () => {
  // Stripe's types want those of Node or of a page, and are not ours to check.
  const options = { ...nodeNext, skipLibCheck: true, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"] };
  assert.deepEqual(complaints(["typed.mts"], options), []);
});

test("the endpoints to deploy compile", () => {
  // Deno's is checked by Deno, where it is run.
  const files = ["examples/cloudflare-worker/src/index.ts", "examples/vercel-edge/api/stripe.ts"];
  assert.deepEqual(complaints(files, { ...nodeNext, lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"] }), []);
});

test("our types need no others, neither Node's nor a page's, however modules are resolved", () => {
  for (const resolution of [nodeNext, bundler]) {
    assert.deepEqual(complaints(["right.mts"], { ...resolution, lib: ["lib.es2022.d.ts"] }), []);
  }
});

test("the records of every resource have the types of their datasets", async () => {
  const { describe, open } = await import(join(app, "node_modules/stripe-xdm/dist/node.js"));
  const lines = ['import type { XdmRecord } from "stripe-xdm";'];
  const seen = new Set();
  for (const model of ["standard", "relational"]) {
    const transformer = open({ tenant: "acme", account: "acct_1M2JTkLkdIwHu7ix", model, observed_at: 1_790_000_000 });
    for (const sample of samples()) {
      const event = { object: "event", id: "evt_1", created: 1_780_000_000, type: `${sample.object}.updated` };
      for (const outcome of transformer.transform([sample, { ...event, data: { object: sample } }])) {
        assert.equal(outcome.status, "done", JSON.stringify(outcome));
        for (const one of outcome.records) {
          seen.add(one.dataset);
          lines.push(`(${JSON.stringify(one)}) satisfies XdmRecord<"acme">;`);
        }
      }
    }
  }
  assert.deepEqual([...seen].sort(), describe().datasets.map((one) => one.name).sort());
  writeFileSync(join(app, "records.mts"), lines.join("\n"));
  assert.deepEqual(complaints(["records.mts"], { ...nodeNext, lib: ["lib.es2022.d.ts"] }), []);
});

test("what is wrong is refused where it stands", () => {
  const said = complaints(["wrong.mts"], { ...nodeNext, lib: ["lib.es2022.d.ts"] });
  // Lines that end in the comment below must be refused, no other ones.
  const lines = ts.sys.readFile(join(app, "wrong.mts")).split("\n");
  const wanted = lines.flatMap((line, index) => (line.endsWith("// refused") ? [`wrong.mts:${index + 1}`] : []));
  assert.ok(wanted.length > 5);
  assert.deepEqual([...new Set(said.map((one) => one.split(": ")[0]))], wanted, said.join("\n"));
});
