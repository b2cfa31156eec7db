// JSON whose numbers stay as they are written. JSON.parse rounds integers beyond 2^53; Stripe's amounts in
// some currencies, and ids in metadata, may be larger.

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const exactly: Reviver = (_key, value, context) => {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    const source = context?.source;
    if (source !== undefined && /^-?\d+$/.test(source)) return BigInt(source);
  }
  return value;
};

/** A JSON value; integers beyond ±(2^53 - 1) are bigints where the browser tells their text. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, exactly as (key: string, value: unknown) => unknown);
}

const MARK = "\u0001exact:";

/** JSON text of such a value, indented for people. */
export function printExact(value: unknown): string {
  const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? MARK + each : each), 2);
  return (text ?? "").replace(new RegExp(`"\\\\u0001exact:(-?\\d+)"`, "g"), "$1");
}
