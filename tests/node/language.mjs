// Asks questions of the mapping language every way that JavaScript has, and writes the answers, for
// comparison with the native core: node language.mjs DIST DIR.
//
// In DIR: questions.bin (a file of blocks, one request each). Out: raw.bin (the bytes ABI), json.bin
// (languageJson). On standard output, a line for each question whose answer as an object differs.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { attempt, readBlocks, writeBlocks } from "./blocks.mjs";
import { BytesAbi } from "./bytes_abi.mjs";
import { parseExact } from "./exact_json.mjs";

const [dist, dir] = process.argv.slice(2);
const wasm = readFileSync(join(dist, "stripe_xdm_bg.wasm"));
const glue = await import(pathToFileURL(join(dist, "stripe_xdm.js")));
glue.initSync({ module: wasm });

const raw = new BytesAbi(wasm);
const questions = readBlocks(join(dir, "questions.bin"));
writeBlocks(join(dir, "raw.bin"), questions.map((question) => attempt(() => raw.language(question))));
const json = questions.map((question) => attempt(() => Buffer.from(glue.languageJson(question.toString("utf8")))));
writeBlocks(join(dir, "json.bin"), json);

const named = {
  eval: glue.evalExpression,
  validateExpression: glue.validateExpression,
  validate: glue.validateMapping,
  preview: glue.previewMapping,
  explain: glue.explainMapping,
  functions: glue.functions,
  operators: glue.operators,
  export: glue.exportMapping,
  import: glue.importMapping,
  diff: glue.diffMappings,
  schema: glue.schema,
};

questions.forEach((question, index) => {
  const { command, ...rest } = parseExact(question.toString("utf8"));
  const wanted = parseExact(json[index].subarray(1).toString("utf8"));
  for (const ask of [() => glue.language(command, rest), () => named[command](rest)]) {
    let found;
    try {
      found = ask();
    } catch (error) {
      if (error.name !== "StripeXdmError") throw error;
      const { code, line, column, caret, message } = error;
      found = JSON.parse(JSON.stringify({ code, message, line, column, caret }));
    }
    if (!isDeepStrictEqual(found, wanted)) console.log(question.toString("utf8"));
  }
});
