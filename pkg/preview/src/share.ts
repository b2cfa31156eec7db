// A draft in the page's address: in the fragment, which browsers never send to a server. Whoever gets the
// address gets the draft, which the page says before it makes one. Objects and settings do not travel.

import type { Draft } from "./draft.ts";
import { isDraft } from "./storage.ts";

const PREFIX = "#draft=";
/** Most characters of an address that are read, and most bytes that they may unfold to. */
const MAX_ADDRESS = 200_000;
const MAX_UNFOLDED = 2_000_000;

async function through(bytes: Uint8Array, stream: CompressionStream | DecompressionStream, most: number): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream as TransformStream<Uint8Array, Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new Error("the address unfolds to more than a draft can be");
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The fragment that holds a draft. */
export async function toFragment(draft: Draft): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(draft)), new CompressionStream("deflate-raw"), MAX_UNFOLDED);
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return PREFIX + text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The draft in a fragment; `undefined` when there is none. */
export async function fromFragment(fragment: string): Promise<Draft | undefined> {
  if (!fragment.startsWith(PREFIX)) return undefined;
  if (fragment.length > MAX_ADDRESS) throw new Error("The address is too long for a draft; ask for the file instead.");
  try {
    const text = atob(fragment.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const draft: unknown = JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"), MAX_UNFOLDED)));
    if (isDraft(draft)) return draft;
  } catch {
    // The same to whoever opened it: the address was cut or changed.
  }
  throw new Error("The draft in this address cannot be read; it was cut or changed. Ask for the address or the file again.");
}
