// `stripe-xdm/webhook/node`: an endpoint for the servers of `node:http` and what is built on them.
//
// Only the few members that are used are typed, so that the package needs no types of Node's.

/** A request, as `node:http` gives it. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly headersDistinct: Readonly<Record<string, readonly string[] | undefined>>;
}

/** A response, as `node:http` gives it. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: Uint8Array): unknown;
}

/**
 * A listener for `http.createServer`. The body must not have been read: no `express.json()` before it, because a
 * signature is of the bytes as they came.
 */
export function nodeListener(
  handler: (request: Request) => Promise<Response>,
): (request: NodeRequest, response: NodeResponse) => void {
  return (incoming, outgoing) => {
    void (async () => {
      const request = requestOf(incoming);
      const response = request === undefined ? new Response(null, { status: 400 }) : await handler(request);
      const headers: Record<string, string> = {};
      response.headers.forEach((value, name) => (headers[name] = value));
      // Whoever was refused may still be sending: nothing more of it is read.
      if (response.status >= 400) headers["connection"] = "close";
      outgoing.writeHead(response.status, headers);
      outgoing.end(new Uint8Array(await response.arrayBuffer()));
    })();
  };
}

/** The request as the standard has it; none for what it does not allow and Node does, such as `TRACE`. */
function requestOf(incoming: NodeRequest): Request | undefined {
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  try {
    const headers = new Headers();
    for (const [name, values] of Object.entries(incoming.headersDistinct)) {
      for (const value of values ?? []) headers.append(name, value);
    }
    const body = hasBody ? streamOf(incoming) : null;
    // A stream as body must say that it is not waited for: not all types know that.
    const init: RequestInit & { duplex: "half" } = { method, headers, body, duplex: "half" };
    // Where it was sent does not matter.
    return new Request("http://webhook/", init);
  } catch {
    return undefined;
  }
}

function streamOf(incoming: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
}
