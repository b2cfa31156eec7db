// Parquet files as hyparquet reads them, which others wrote, beside the lines that they were made of: how many rows
// there are of each, and which say something else.

import { isDeepStrictEqual } from "node:util";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";

const dir = process.argv[3];

// In the form of the line: what is null is not there, and days and moments are texts.
function plain(value, wanted) {
  if (typeof value === "bigint") {
    const number = Number(value);
    return value === BigInt(number) ? number : value;
  }
  if (value instanceof Date) {
    const text = value.toISOString().replace(".000Z", "Z");
    return wanted?.length === 10 ? text.replace("T00:00:00Z", "") : text;
  }
  if (Array.isArray(value)) return value.map((item, at) => plain(item, wanted?.[at]));
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member, wanted?.[name])]));
}

const said = {};
for (const name of readdirSync(dir).filter((name) => name.endsWith(".parquet"))) {
  const dataset = name.slice(0, -".parquet".length);
  const lines = readFileSync(join(dir, `${dataset}.jsonl`), "utf8").trimEnd().split("\n");
  // hyparquet makes objects of maps by assignment, which loses this one key.
  const wanted = lines.map((line) => JSON.parse(line, (key, value) => (key === "__proto__" ? undefined : value)));
  const bytes = readFileSync(join(dir, name));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows = (await parquetReadObjects({ file })).map((row, at) => plain(row, wanted[at]));
  const wrong = rows.filter((row, at) => !isDeepStrictEqual(row, wanted[at]));
  const text = (row) => JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  said[dataset] = { records: wanted.length, rows: rows.length, wrong: wrong.slice(0, 5).map(text) };
}
console.log(JSON.stringify(said));
