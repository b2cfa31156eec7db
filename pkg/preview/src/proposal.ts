// A mapping for a value that nothing maps yet, named and typed as the default models name and type theirs.

import type { Mapping } from "./draft.ts";
import { parse, write } from "./paths.ts";

/** `payment_method_id` as fields are called: `paymentMethodID`. */
function camel(name: string): string {
  const [first = "", ...others] = name.split("_").filter((word) => word !== "");
  const rest = others.map((word) => (/^(id|url)$/.test(word) ? word.toUpperCase() : /^(ids|urls)$/.test(word) ? `${word.slice(0, -1).toUpperCase()}s` : word[0]!.toUpperCase() + word.slice(1)));
  return first + rest.join("");
}

function typeOf(value: unknown): string {
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return !Number.isInteger(value) ? "number" : Math.abs(value) < 2 ** 31 ? "integer" : "long";
  const within = value !== null && typeof value === "object" ? Object.values(value) : [];
  if (within.length > 0 && within.every((each) => typeof each === "string")) return Array.isArray(value) ? "array<string>" : "map<string>";
  // Texts, and whole numbers that are larger than any type.
  return "string";
}

/** What maps a value of an object of that resource to a field of the tenant's own. */
export function proposed(source: string, value: unknown, tenant: string, resource: string): Mapping {
  const segments = parse(source);
  const inArray = segments.some((segment) => typeof segment !== "string" || segment === "[*]");
  const names = segments.map((segment) => camel(String(segment)));
  const destination = inArray ? "" : write([`_${tenant}`, "stripe", camel(resource), ...names]);
  return { sourceType: "ATTRIBUTE", source, destination, type: typeOf(value) };
}
