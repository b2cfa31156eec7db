// V8's part of the benchmark: node bench.mjs DIST. The first line of standard input is
// {"settings","account","tenant","text","record","expressions"}; each further line {"path","times"} asks for that many
// conversions of the text and is answered with the nanoseconds that they took together. The program on
// the other side asks in turns, so that what else the machine does falls on every path alike.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { BytesAbi } from "./bytes_abi.mjs";
import { convertCharge } from "./charge_by_hand.mjs";
import { convertByHand } from "./expressions_by_hand.mjs";
import { request } from "./framing.mjs";

const [dist] = process.argv.slice(2);
const wasm = readFileSync(join(dist, "stripe_xdm_bg.wasm"));
const glue = await import(pathToFileURL(join(dist, "stripe_xdm.js")));
glue.initSync({ module: wasm });

let paths;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (paths === undefined) {
    paths = prepare(asked);
    console.log(JSON.stringify(Object.keys(paths)));
    continue;
  }
  const { convert, batch } = paths[asked.path];
  const calls = Math.ceil(asked.times / batch);
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) convert();
  const nanoseconds = Number(process.hrtime.bigint() - start);
  console.log(JSON.stringify({ nanoseconds, objects: calls * batch }));
}

/** Every path with the number of objects that one call of it converts. */
function prepare({ settings, tenant, account, text, record, expressions }) {
  const byHand = convertCharge(text, tenant, account);
  if (!isDeepStrictEqual(JSON.parse(byHand), JSON.parse(record))) {
    throw new Error(`the mapping by hand makes another record:\n${byHand}\n${record}`);
  }
  const abi = new BytesAbi(wasm);
  const handle = abi.open(Buffer.from(settings));
  const transformer = glue.open(JSON.parse(settings));
  const bytes = Buffer.from(text);
  const hundred = request(Array(100).fill(bytes));
  // The request of a single object is framed in every call, as a webhook's handler would.
  return {
    batch: { batch: 100, convert: () => abi.transform(handle, hundred) },
    single: { batch: 1, convert: () => abi.transform(handle, request([bytes])) },
    json: { batch: 1, convert: () => transformer.transformJson(text) },
    objects: { batch: 1, convert: () => JSON.stringify(transformer.transform(JSON.parse(text))) },
    expressions: { batch: 1, convert: () => convertByHand(expressions) },
    hand: { batch: 1, convert: () => convertCharge(text, tenant, account) },
  };
}
