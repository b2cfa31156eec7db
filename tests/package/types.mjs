// The types, read by TypeScript's own compiler as a project of the user's reads them.

import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { app, tools } from "./packed.mjs";

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

test("the typed example compiles with Stripe's own types, however modules are resolved", () => {
  for (const resolution of [nodeNext, bundler]) {
    // Stripe's types want those of Node or of a page, and are not ours to check.
    const options = { ...resolution, skipLibCheck: true, lib: ["lib.es2022.d.ts", "lib.dom.d.ts"] };
    assert.deepEqual(complaints(["typed.mts"], options), []);
  }
});

test("our types need no others: neither Node's nor a page's", () => {
  assert.deepEqual(complaints(["right.mts"], { ...nodeNext, lib: ["lib.es2022.d.ts"] }), []);
});

test("what is wrong is refused where it stands", () => {
  const said = complaints(["wrong.mts"], { ...nodeNext, lib: ["lib.es2022.d.ts"] });
  // Lines that end in the comment below must be refused, no other ones.
  const lines = ts.sys.readFile(join(app, "wrong.mts")).split("\n");
  const wanted = lines.flatMap((line, index) => (line.endsWith("// refused") ? [`wrong.mts:${index + 1}`] : []));
  assert.ok(wanted.length > 5);
  assert.deepEqual([...new Set(said.map((one) => one.split(": ")[0]))], wanted, said.join("\n"));
});
