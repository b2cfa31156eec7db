// The types that we generate, read by TypeScript's own compiler as `tsc --strict` does.
//
// node types.mjs DIST DIR
//   DIR/*.ts   modules, compiled together
// prints [{"file","line","message"}], lines from 1

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import ts from "typescript";

const [, , , dir] = process.argv;
const files = readdirSync(dir).filter((name) => name.endsWith(".ts")).map((name) => join(dir, name));
const program = ts.createProgram(files, {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  types: [],
});
const said = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => ({
  file: file ? basename(file.fileName) : "",
  line: file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0,
  message: ts.flattenDiagnosticMessageText(messageText, "\n"),
}));
process.stdout.write(JSON.stringify(said));
