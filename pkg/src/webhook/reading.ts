// Bodies that came over the network: read as bytes, never more than was agreed to, never for ever.

/** A body is longer than it may be. */
export class TooLarge extends Error {
  constructor(readonly limit: number) {
    super(`the body has more than ${limit} bytes`);
  }
}

/** The bytes of a body. What is longer than `limit` is given up as soon as that is known. */
export async function bytesOf(
  source: { readonly headers: Headers; readonly body: ReadableStream<Uint8Array> | null },
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(source.headers.get("content-length")) > limit) throw new TooLarge(limit);
  if (source.body === null) return new Uint8Array();
  const reader = source.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await within(signal, reader.read());
      if (done) break;
      length += value.length;
      if (length > limit) throw new TooLarge(limit);
      chunks.push(value);
    }
  } catch (error) {
    // Not waited for: a sender that does not stop must not keep us.
    reader.cancel().catch(() => undefined);
    throw error;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The value of an answer that should be JSON; none of a text that is not, of which an error would quote some. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** Does something within a time, in milliseconds. Not every runtime has `AbortSignal.timeout`. */
export async function inTime<T>(time: number, what: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`not done within ${time} milliseconds`)), time);
  try {
    return await what(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise gives, unless the signal comes first. */
export function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Waits, unless the signal comes first. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return within(signal, waited).finally(() => clearTimeout(timer));
}

/** The address of a server that secrets are sent to: `https`, or this machine. */
export function trusted(name: string, address: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(address);
  } catch {
    // Refused below.
  }
  const isLocal = url?.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url === undefined || url.username !== "" || url.password !== "" || !(url.protocol === "https:" || isLocal)) {
    throw new TypeError(`${name} must be an https address without a user name: secrets are sent there`);
  }
  return url;
}
