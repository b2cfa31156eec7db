// What a body holds: Events with their objects, thin events that only name them, either of them bare or as Amazon
// EventBridge and Azure Event Grid wrap them.

/** One event, read as far as it must be known before it is converted. */
export interface ReceivedEvent {
  /** What the module is given, digits untouched: the event as it came, wrapping included. */
  readonly json: string;
  /** Without one, doubles of it cannot be told. */
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** Only of thin events. */
  readonly thin: ThinEvent | undefined;
}

/** An event that names the object that it is about. */
export interface ThinEvent {
  readonly id: string;
  readonly type: string;
  /** As ISO 8601. */
  readonly created: string;
  readonly livemode: boolean;
  /** The account, or a path of accounts, that the object belongs to. */
  readonly context: string | undefined;
  readonly related: RelatedObject | undefined;
}

/** Where the object of a thin event can be read. */
export interface RelatedObject {
  readonly id: string;
  /** Its `object`, such as `charge`. */
  readonly type: string;
  /** The path to GET, such as `/v1/charges/ch_…`. */
  readonly url: string;
}

/** A body holds something else than events. The message is for whoever sent it. */
export class NotAnEvent extends Error {}

type JsonObject = Readonly<Record<string, unknown>>;

/** The events in a body. */
export function eventsIn(body: Uint8Array): ReceivedEvent[] {
  let json: string;
  let value: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true }).decode(body);
    value = JSON.parse(json);
  } catch {
    throw new NotAnEvent("the body is no JSON in UTF-8");
  }
  if (!Array.isArray(value)) return [received(json, value)];
  // Event Grid sends several at once when it is told to.
  const texts = elements(json);
  return value.map((element, index) => received(texts[index] ?? "", element));
}

function received(json: string, value: unknown): ReceivedEvent {
  const event = unwrapped(value);
  const [id, type] = [text(event["id"]), text(event["type"])];
  if (event["object"] === "event") return { json, id, type, thin: undefined };
  if (event["object"] !== "v2.core.event") {
    throw new NotAnEvent("the body is no event of Stripe's: its `object` is neither `event` nor `v2.core.event`");
  }
  const created = text(event["created"]);
  if (id === undefined || type === undefined || created === undefined || Number.isNaN(Date.parse(created))) {
    throw new NotAnEvent("the thin event has no id or type, or its `created` is no time");
  }
  const related = relatedObject(event["related_object"]);
  const livemode = event["livemode"] === true;
  return { json, id, type, thin: { id, type, created, livemode, context: text(event["context"]), related } };
}

function relatedObject(value: unknown): RelatedObject | undefined {
  const related = object(value);
  const [id, type, url] = [text(related["id"]), text(related["type"]), text(related["url"])];
  return id === undefined || type === undefined || url === undefined ? undefined : { id, type, url };
}

/** The event in the wrapping of EventBridge (`detail`) or of a CloudEvent (`data`). */
function unwrapped(value: unknown): JsonObject {
  const outer = object(value);
  if (outer["object"] !== undefined) return outer;
  if (outer["detail-type"] !== undefined) return object(outer["detail"]);
  return outer["specversion"] === undefined ? outer : object(outer["data"]);
}

function object(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The texts of an array's elements. The array was parsed before, so that only strings and nesting matter. */
function elements(json: string): string[] {
  const found: string[] = [];
  let [depth, start, inString] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const letter = json[at];
    if (inString) {
      if (letter === "\\") at += 1;
      else if (letter === '"') inString = false;
    } else if (letter === '"') {
      inString = true;
    } else if (letter === "[" || letter === "{") {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (letter === "]" || letter === "}" || (letter === "," && depth === 1)) {
      if (depth === 1) {
        found.push(json.slice(start, at));
        start = at + 1;
      }
      if (letter !== ",") depth -= 1;
    }
  }
  return found;
}
