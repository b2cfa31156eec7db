// Records into Experience Platform by streaming ingestion: messages to an inlet, several in one request, and what
// became of each.
//
// An answer says that a message was received. Whether its record is what the schema asks for is decided later; the
// module has checked every record against the same schema.

import type { Sink } from "./handler.js";
import { bytesOf, parsed, pause, trusted } from "./reading.js";
import { Tokens, type AdobeCredential } from "./token.js";

/** Where the records of a dataset go. `stripe-xdm sync --to aep --mode streaming` makes all of it. */
export interface AepDataset {
  /** Catalog's id of the dataset. */
  readonly datasetId: string;
  /** The `$id` of its schema. */
  readonly schemaId: string;
  /** The flow from the inlet into the dataset. */
  readonly flowId: string;
  /** The flow from the inlet for deletions, when the dataset feeds Profile and its primary identity is the object's id. */
  readonly deletionFlowId?: string;
}

/** How Experience Platform is reached. */
export interface AepOptions extends AdobeCredential {
  /** The organisation: `…@AdobeOrg`. */
  readonly org: string;
  /** The sandbox's name. */
  readonly sandbox: string;
  /** The inlet's address: `https://dcs.adobedc.net/collection/…`. */
  readonly inlet: string;
  /** The inlet for deletions, which takes raw data; needed for `deletionFlowId`. */
  readonly deletionInlet?: string | undefined;
  /** By the names of `describe().datasets`. `null` leaves the records of a dataset out; one that lacks refuses them. */
  readonly datasets: Readonly<Record<string, AepDataset | null>>;
  readonly fetch?: typeof fetch | undefined;
}

/** Longest request that an inlet takes, in bytes. */
const MAX_REQUEST = 1_000_000;
const MAX_ANSWER = 4 << 20;
const BEGIN = '{"messages":[';
const END = "]}";
/** How often a message is sent that is refused for now, and the first pause before the next time. */
const TRIES = 4;
const FIRST_PAUSE = 250;
/** Longest message of Platform's that is handed on, in characters. */
const LONGEST = 400;

type Refused = { index: number; code: string; message: string };

/** A message, and the index of its record. */
interface Message {
  readonly index: number;
  readonly json: string;
  readonly bytes: number;
}

/** Where messages are sent. */
interface Inlet {
  readonly url: string;
  /** The flow that raw data goes through. */
  readonly flow?: string;
}

/** A sink that streams into Experience Platform. */
export function aepStreaming(options: AepOptions): Sink {
  // Called by itself: runtimes refuse their own `fetch` as somebody's method.
  const given = options.fetch ?? fetch;
  const get: typeof fetch = (url, init) => given(url, init);
  const inlet = batchAddress("inlet", options.inlet);
  const deletionInlet = options.deletionInlet === undefined ? undefined : batchAddress("deletionInlet", options.deletionInlet);
  const sender = new Sender(options, new Tokens(options, get), get);
  return async (records, signal) => {
    const refused: Refused[] = [];
    const notes = new Set<string>();
    const messages: Message[] = [];
    const deletions = new Map<string, Message[]>();
    records.forEach((record, index) => {
      const dataset = options.datasets[record.dataset];
      if (dataset === null) return;
      if (dataset === undefined) {
        const message = `datasets.${record.dataset} is missing: say where its records go, or null to leave them out`;
        refused.push({ index, code: "no_dataset", message });
      } else if (record.kind !== "tombstone") {
        messages.push(message(index, `${envelope(options.org, dataset)}${record.json}}}`));
      } else if (deletionInlet === undefined || dataset.deletionFlowId === undefined) {
        notes.add(`deletions of ${record.dataset} are not carried over: without deletionFlowId only records are`);
      } else {
        const flow = deletions.get(dataset.deletionFlowId) ?? [];
        flow.push(message(index, `${deletion(options.org, dataset, dataset.deletionFlowId)}${record.json}}`));
        deletions.set(dataset.deletionFlowId, flow);
      }
    });
    refused.push(...(await sender.send({ url: inlet }, messages, signal)));
    // Behind all records: a deletion is the last word about an object.
    for (const [flow, messages] of deletions) {
      refused.push(...(await sender.send({ url: deletionInlet!, flow }, messages, signal)));
    }
    return { refused, notes: [...notes] };
  };
}

/** What a record is put behind to be a message. */
function envelope(imsOrgId: string, { datasetId, schemaId, flowId }: AepDataset): string {
  const schemaRef = { id: schemaId, contentType: "application/vnd.adobe.xed-full+json;version=1" };
  const header = JSON.stringify({ schemaRef, imsOrgId, datasetId, flowId });
  return `{"header":${header},"body":{"xdmMeta":${JSON.stringify({ schemaRef })},"xdmEntity":`;
}

/** What a tombstone is put behind. The flow's mapping set makes the identity of the profile from its `id`. */
function deletion(imsOrgId: string, { datasetId, schemaId }: AepDataset, flowId: string): string {
  const schemaRef = { id: schemaId, contentType: "application/vnd.adobe.xed-full+json;version=1" };
  const header = JSON.stringify({ schemaRef, imsOrgId, datasetId, flowId, operations: { data: "delete" } });
  return `{"header":${header},"body":`;
}

function message(index: number, json: string): Message {
  return { index, json, bytes: new TextEncoder().encode(json).length };
}

/** The address for several messages: `/collection/batch/<id>` for `/collection/<id>`. */
function batchAddress(name: string, address: string): string {
  const url = trusted(name, address);
  const id = /^\/collection\/([0-9A-Za-z_-]+)$/.exec(url.pathname)?.[1];
  if (id === undefined) throw new TypeError(`${name} must end in /collection/ and the inlet's id, as Flow Service shows it`);
  return `${url.origin}/collection/batch/${id}`;
}

/** What became of a request: the status and message of each message, or of all of them. */
type Answer = readonly { readonly status: number; readonly message: string }[];

class Sender {
  constructor(
    readonly options: AepOptions,
    readonly tokens: Tokens,
    readonly get: typeof fetch,
  ) {}

  /** Sends messages, one request after another so that none overtakes another; tells which are refused for good. */
  async send(inlet: Inlet, messages: readonly Message[], signal: AbortSignal): Promise<Refused[]> {
    const refused: Refused[] = [];
    let batch: Message[] = [];
    let bytes = BEGIN.length + END.length;
    for (const message of messages) {
      if (BEGIN.length + message.bytes + END.length > MAX_REQUEST) {
        const told = `the record's message has ${message.bytes} bytes, and a stream takes ${MAX_REQUEST}: leave fields out`;
        refused.push({ index: message.index, code: "stream_size", message: told });
        continue;
      }
      if (bytes + 1 + message.bytes > MAX_REQUEST) {
        refused.push(...(await this.#batch(inlet, batch, signal)));
        [batch, bytes] = [[], BEGIN.length + END.length];
      }
      batch.push(message);
      bytes += message.bytes + 1;
    }
    refused.push(...(await this.#batch(inlet, batch, signal)));
    return refused;
  }

  /** One request, and again what is refused for now. */
  async #batch(inlet: Inlet, batch: readonly Message[], signal: AbortSignal): Promise<Refused[]> {
    const refused: Refused[] = [];
    let left = batch;
    for (let tries = 1; left.length > 0; tries += 1) {
      const answer = await this.#ask(inlet, left, signal);
      const later: Message[] = [];
      let last = "";
      for (const [at, message] of left.entries()) {
        const entry = answer[at] ?? answer[0]!;
        if (entry.status >= 200 && entry.status < 300) continue;
        if (entry.status === 408 || entry.status === 429 || entry.status >= 500) {
          later.push(message);
          last = `${entry.status} ${entry.message}`;
        } else if ([401, 403, 404].includes(entry.status)) {
          throw new Error(`the inlet answered ${entry.status} ${entry.message}: ${advice(entry.status)}`);
        } else if (answer.length !== left.length) {
          // The request as a whole: too long, or one of them spoils it.
          return [...refused, ...(await this.#halves(inlet, left, entry, signal))];
        } else {
          const told = `Experience Platform refused the message: ${entry.message}`;
          refused.push({ index: message.index, code: `stream_${entry.status}`, message: told });
        }
      }
      if (later.length > 0 && tries === TRIES) {
        throw new Error(`${later.length} messages were refused ${TRIES} times, last with ${last}: the events are sent again`);
      }
      left = later;
      if (left.length > 0) await pause(FIRST_PAUSE * 2 ** tries * (0.5 + Math.random() / 2), signal);
    }
    return refused;
  }

  /** Finds the message that a request was refused for. */
  async #halves(
    inlet: Inlet,
    batch: readonly Message[],
    entry: { status: number; message: string },
    signal: AbortSignal,
  ): Promise<Refused[]> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      const told = `Experience Platform refused the message: ${entry.message}`;
      return [{ index: only.index, code: `stream_${entry.status}`, message: told }];
    }
    const middle = batch.length >> 1;
    const first = await this.#batch(inlet, batch.slice(0, middle), signal);
    return [...first, ...(await this.#batch(inlet, batch.slice(middle), signal))];
  }

  /** Sends a request; an entry for each message, or one for all. */
  async #ask(inlet: Inlet, batch: readonly Message[], signal: AbortSignal): Promise<Answer> {
    const body = `${BEGIN}${batch.map(({ json }) => json).join(",")}${END}`;
    let token = await this.tokens.token(signal);
    let answer = await this.#post(inlet, body, token, signal);
    if (answer.status === 401) {
      // Tokens can end before their time.
      token = await this.tokens.token(signal, token);
      answer = await this.#post(inlet, body, token, signal);
    }
    const { status, text } = answer;
    if (status !== 207 && status !== 200) return [{ status, message: said(parsed(text)).replaceAll(token, "[token]") }];
    const responses = (parsed(text) as { responses?: unknown }).responses;
    if (!Array.isArray(responses) || responses.length !== batch.length) {
      throw new Error(`${batch.length} messages were sent, and the inlet's answer is about others: the events are sent again`);
    }
    return responses.map(entry);
  }

  async #post(inlet: Inlet, body: string, token: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const headers = new Headers({
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-sandbox-name": this.options.sandbox,
    });
    if (inlet.flow !== undefined) headers.set("x-adobe-flow-id", inlet.flow);
    try {
      // Not followed, because the token would go along.
      const answer = await this.get(inlet.url, { method: "POST", headers, body, redirect: "manual", signal });
      return { status: answer.status, text: new TextDecoder().decode(await bytesOf(answer, MAX_ANSWER, signal)) };
    } catch (error) {
      if (signal.aborted) throw error;
      // Cut off: whether the messages came in cannot be asked, and sending them again is harmless.
      return { status: 503, text: "" };
    }
  }
}

function entry(value: unknown): { status: number; message: string } {
  const { statusCode, status = statusCode, xactionId } = (value ?? {}) as Record<string, unknown>;
  const told = Number(status ?? (typeof xactionId === "string" ? 200 : 500));
  return { status: Number.isInteger(told) ? told : 500, message: said(value) };
}

/** Platform's words about a failure, wherever they stand. */
function said(value: unknown): string {
  const { message, detail, title, report } = (value ?? {}) as Record<string, unknown>;
  const told = [(report as { message?: unknown } | undefined)?.message, message, detail, title];
  const text = told.find((one): one is string => typeof one === "string") ?? "without saying why";
  return text.replace(/[\u0000-\u001f\u007f]+/g, " ").trim().slice(0, LONGEST);
}

function advice(status: number): string {
  if (status === 404) return "an inlet opens some minutes after it was made; if it stays so, check the inlet's address";
  return "check clientId, clientSecret, scopes and org: the inlet takes tokens of its own organisation only";
}
