// The objects in a text that a person opened or pasted, each as it is written.

/** Most objects that are taken from one file. */
export const MAX_OBJECTS = 100_000;
/** Most bytes of a file that are read. */
export const MAX_BYTES = 512 * 1024 * 1024;
/** Most characters that stand in the editor at once. */
export const MAX_SHOWN = 1_000_000;

/**
 * The objects in a text: one object, an Event, an array, a page of a list, or JSON lines. Each stays as it is
 * written, so that large numbers keep their digits.
 */
export function objectsIn(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed === "") throw new Error("There is nothing here; paste a Stripe object, a list, or one object a line.");
  const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length > 1 && lines[0]!.trim().startsWith("{") && isJson(lines[0]!)) {
    return bounded(lines).map((line, index) => checked(line, `line ${index + 1}`));
  }
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch (error) {
    throw new Error(`This is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const list = Array.isArray(value) ? trimmed : listText(value, trimmed);
  if (list === undefined) return [checked(trimmed, "the text")];
  const elements = parts(list);
  if (elements.length === 0) throw new Error("The list is empty; open one that holds objects.");
  return bounded(elements);
}

function listText(value: unknown, text: string): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { object, data } = value as { object?: unknown; data?: unknown };
  if (object !== "list" || !Array.isArray(data)) return undefined;
  return memberText(text, "data");
}

function bounded(objects: string[]): string[] {
  if (objects.length > MAX_OBJECTS) {
    throw new Error(`There are ${objects.length} objects; open a part of at most ${MAX_OBJECTS}, or use \`stripe-xdm transform\`.`);
  }
  return objects;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function checked(text: string, where: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Error(`${where} is no object; a Stripe object begins with {`);
  }
  return text.trim();
}

/** Where each direct part of valid JSON ends: the texts of an array's elements or an object's members. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      if (depth === 1 && start < 0) start = at;
      for (at += 1; text[at] !== '"'; at++) if (text[at] === "\\") at += 1;
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (depth === 2 && start < 0) start = at;
    } else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0 && start >= 0) found.push(text.slice(start, at).trim());
    } else if (character === "," && depth === 1) {
      if (start >= 0) found.push(text.slice(start, at).trim());
      start = -1;
    } else if (depth === 1 && start < 0 && !/\s/.test(character)) {
      start = at;
    }
  }
  return found;
}

function memberText(object: string, name: string): string | undefined {
  for (const part of parts(object)) {
    const key = /^"(?:[^"\\]|\\.)*"/.exec(part)?.[0];
    if (key !== undefined && JSON.parse(key) === name) return part.slice(key.length).replace(/^\s*:/, "").trim();
  }
  return undefined;
}

/** Objects that came on one line are laid out; numbers keep their digits. */
export function pretty(text: string): string {
  if (text.includes("\n")) return text;
  let out = "";
  let indent = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      const start = at;
      for (at += 1; at < text.length && text[at] !== '"'; at++) if (text[at] === "\\") at += 1;
      out += text.slice(start, at + 1);
    } else if (character === "{" || character === "[") {
      const close = character === "{" ? "}" : "]";
      const empty = /^\s*/.exec(text.slice(at + 1))![0].length;
      if (text[at + 1 + empty] === close) {
        out += character + close;
        at += 1 + empty;
      } else {
        indent += 1;
        out += `${character}\n${"  ".repeat(indent)}`;
      }
    } else if (character === "}" || character === "]") {
      indent -= 1;
      out += `\n${"  ".repeat(indent)}${character}`;
    } else if (character === ",") out += `,\n${"  ".repeat(indent)}`;
    else if (character === ":") out += ": ";
    else if (!/\s/.test(character)) out += character;
  }
  return out;
}
