// Runs inputs through every way into the module that JavaScript has, and writes what came out, for
// comparison with the native core: node parity.mjs DIST DIR.
//
// In DIR: settings.json, call.json, and files of blocks: requests.bin (requests of the bytes ABI),
// texts.bin (one object each), refused.bin (settings). Out: raw.bin, bytes.bin (responses to the
// requests), json.bin (outcomes of the texts, then of all as an array and as a page of a list),
// refused_raw.bin, refused_js.bin. On standard output, one line of JSON for each text whose outcome as
// objects differs from the outcome as text.

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

const settings = readFileSync(join(dir, "settings.json"));
const callText = readFileSync(join(dir, "call.json"), "utf8");
const call = callText === "" ? undefined : JSON.parse(callText);
const requests = readBlocks(join(dir, "requests.bin"));
const texts = readBlocks(join(dir, "texts.bin")).map((text) => text.toString("utf8"));
const refused = readBlocks(join(dir, "refused.bin"));

const raw = new BytesAbi(wasm);
const handle = raw.open(settings);
const transformer = glue.open(JSON.parse(settings));

writeBlocks(join(dir, "raw.bin"), requests.map((request) => attempt(() => raw.transform(handle, request))));
writeBlocks(join(dir, "bytes.bin"), requests.map((request) => attempt(() => transformer.transformBytes(request))));
writeBlocks(join(dir, "refused_raw.bin"), refused.map((text) => attempt(() => new Uint8Array(raw.open(text)))));
writeBlocks(join(dir, "refused_js.bin"), refused.map((text) => attempt(() => glue.open(JSON.parse(text)) && [])));

const outcomes = texts.map((text) => attempt(() => transformer.transformJson(text, call)));
const array = `[${texts.join(",")}]`;
const page = `{"object":"list","url":"/v1/charges","has_more":false,"data":${array}}`;
writeBlocks(join(dir, "json.bin"), [
  ...outcomes,
  ...[array, page].map((text) => attempt(() => transformer.transformJson(text, call))),
]);

const alone = [];
texts.forEach((text, index) => {
  const wanted = parseExact(outcomes[index].subarray(1).toString("utf8"));
  const input = parseExact(text);
  let found;
  try {
    found = transformer.transform(input, call);
  } catch (error) {
    if (error.name !== "StripeXdmError") throw error;
    found = error;
  }
  // What no bigint of 64 bits holds is refused: rounding it would be the other choice.
  const refuses = holdsMoreThan64Bits(input);
  const right = refuses ? found.code === "invalid_input" : isDeepStrictEqual(found, wanted);
  if (!right) console.log(show({ text, wanted, found }));
  if (!refuses) alone.push({ input, wanted });
});

const data = alone.map(({ input }) => input);
const wanted = alone.flatMap(({ wanted }) => wanted);
for (const input of [data, { object: "list", data }]) {
  const found = transformer.transform(input, call);
  if (!isDeepStrictEqual(found, wanted)) console.log(show({ text: "all together", wanted, found }));
}

function holdsMoreThan64Bits(value) {
  if (typeof value === "bigint") return value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value);
  return value !== null && typeof value === "object" && Object.values(value).some(holdsMoreThan64Bits);
}

function show(value) {
  return JSON.stringify(value, (_, member) => {
    if (typeof member === "bigint") return `${member}n`;
    return member instanceof Error ? `${member.name} ${member.code} ${member.path}: ${member.message}` : member;
  });
}
