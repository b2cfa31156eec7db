// Paths of Stripe objects and XDM records as the module writes them: `lines.data[*].amount`, names with
// odd characters escaped by backslashes. One place reads, writes and compares them.

/** A name, an index, or any index. */
export type Segment = string | number | "[*]";

/** Paths that were read before: the same few hundred are compared at every keystroke. */
const known = new Map<string, readonly Segment[]>();
const MOST_KNOWN = 20_000;

/** The segments of a path. What is no path gives the names that can be seen in it. */
export function parse(path: string): readonly Segment[] {
  let segments = known.get(path);
  if (segments === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    segments = read(path);
    known.set(path, segments);
  }
  return segments;
}

function read(path: string): Segment[] {
  const segments: Segment[] = [];
  let name = "";
  let named = false;
  const end = (): void => {
    if (named) segments.push(name);
    name = "";
    named = false;
  };
  for (let at = 0; at < path.length; at++) {
    const character = path[at]!;
    if (character === "\\" && at + 1 < path.length) {
      name += path[++at]!;
      named = true;
    } else if (character === ".") {
      end();
    } else if (character === "[") {
      end();
      const close = path.indexOf("]", at);
      const inner = path.slice(at + 1, close < 0 ? undefined : close);
      segments.push(/^\d+$/.test(inner) ? Number(inner) : "[*]");
      at = close < 0 ? path.length : close;
    } else {
      name += character;
      named = true;
    }
  }
  end();
  return segments;
}

/** A path as text. */
export function write(segments: readonly Segment[]): string {
  let text = "";
  for (const segment of segments) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (segment === "[*]") text += segment;
    else text += (text === "" ? "" : ".") + segment.replace(/[.[\]{}\\]/g, "\\$&");
  }
  return text;
}

/** A path below another by one member. */
export function below(path: string, member: string | number): string {
  if (typeof member === "number") return `${path}[${member}]`;
  return (path === "" ? "" : `${path}.`) + member.replace(/[.[\]{}\\]/g, "\\$&");
}

const isIndex = (segment: Segment): boolean => typeof segment === "number" || segment === "[*]";

function same(one: Segment, other: Segment): boolean {
  if (one === other) return true;
  return isIndex(one) && isIndex(other) && (one === "[*]" || other === "[*]");
}

/** Whether two paths name the same place, or one names a place inside the other's. */
export function touch(one: string, other: string): boolean {
  const a = parse(one);
  const b = parse(other);
  const length = Math.min(a.length, b.length);
  if (length === 0) return false;
  for (let at = 0; at < length; at++) if (!same(a[at]!, b[at]!)) return false;
  return true;
}

/** A path with every index made any index: what mappings are about. */
export function general(path: string): string {
  return path.replace(/\[\d+\]/g, "[*]");
}

/** The path that a JSON pointer names in a value. */
export function fromPointer(pointer: string, value: unknown): string {
  let path = "";
  let at: unknown = value;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    path = below(path, Array.isArray(at) ? Number(name) : name);
    at = at !== null && typeof at === "object" ? (at as Record<string, unknown>)[name] : undefined;
  }
  return path;
}

/** What lies at a path of a value; `undefined` when nothing does. */
export function at(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const segment of parse(path)) {
    if (found === null || typeof found !== "object") return undefined;
    found = (found as Record<string | number, unknown>)[segment === "[*]" ? 0 : segment];
  }
  return found;
}
