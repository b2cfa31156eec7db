// Requests of the bytes ABI.

/** A request without options for objects given as bytes. */
export function request(objects) {
  const length = objects.reduce((sum, object) => sum + 4 + object.length, 8);
  const bytes = new Uint8Array(length);
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
