// The framing of the bytes ABI, as far as it is needed here: lengths and bytes, little endian.

/** A request without options. */
export function requestOf(objects: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(objects.reduce((sum, object) => sum + 4 + object.length, 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, objects.length, true);
  let at = 8;
  for (const object of objects) {
    view.setUint32(at, object.length, true);
    bytes.set(object, at + 4);
    at += 4 + object.length;
  }
  return bytes;
}

/** Reads a response from its beginning. */
export class Frames {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.#step(1));
  }

  short(): number {
    return this.#view.getUint16(this.#step(2), true);
  }

  number(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  text(): string {
    const length = this.number();
    const start = this.#step(length);
    return this.#decoder.decode(this.#bytes.subarray(start, start + length));
  }

  #step(length: number): number {
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
