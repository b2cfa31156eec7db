// Files of blocks (a length of 4 bytes, little endian, then the bytes): how Rust and Node pass each
// other texts that need not be text.

import { readFileSync, writeFileSync } from "node:fs";

/** Reads a file of blocks. */
export function readBlocks(path) {
  const bytes = readFileSync(path);
  const blocks = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    blocks.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return blocks;
}

/** Writes blocks to a file. */
export function writeBlocks(path, blocks) {
  const parts = [];
  for (const block of blocks) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(block.length);
    parts.push(length, block);
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** A block that says whether it is a result (0) or a refusal (1). */
export function attempt(call) {
  try {
    return Buffer.concat([Buffer.of(0), Buffer.from(call())]);
  } catch (error) {
    const payload = error.payload ?? refusal(error);
    return Buffer.concat([Buffer.of(1), Buffer.from(payload)]);
  }
}

/** A thrown StripeXdmError in the words of the bytes ABI; anything else is a bug and goes on. */
function refusal(error) {
  if (error.name !== "StripeXdmError") throw error;
  const { code, path, message, line, column, caret } = error;
  // What is undefined is left out.
  return JSON.stringify({ code, path, message, line, column, caret });
}
