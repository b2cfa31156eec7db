// Parquet files as hyparquet reads them, which others wrote: a line of JSON for each row, beside the file.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";

const dir = process.argv[3];

// What is null is not there.
function plain(value) {
  if (typeof value === "bigint") {
    if (value !== BigInt(Number(value))) throw new Error(`${value} is no number of JavaScript`);
    return Number(value);
  }
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}

for (const name of readdirSync(dir).filter((name) => name.endsWith(".parquet"))) {
  const bytes = readFileSync(join(dir, name));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows = await parquetReadObjects({ file });
  writeFileSync(join(dir, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(plain(row))}\n`).join(""));
}
