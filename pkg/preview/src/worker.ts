// The module at work, beside the page: typing stays smooth whatever it computes. Nothing here talks to a
// network except to fetch the module itself from where the page came from.

import init, { describe, language, open, type Description, type Outcome, type Settings, type Transformer, type UserModel } from "stripe-xdm";
import address from "stripe-xdm/stripe_xdm_bg.wasm?url";
import { parseExact } from "./exact.ts";
import { objectsIn } from "./objects.ts";
import type { Bulk, BulkWork, Candidate, Failure, Mistake, Request, Response, Step, Tally, Work } from "./protocol.ts";

const say = (response: Response): void => self.postMessage(response);

function failure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: "internal", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : "internal";
  // A trap leaves the module in an unknown state; the page then starts another worker.
  const trapped = error instanceof WebAssembly.RuntimeError;
  return { code: trapped ? "trapped" : code, message: error.message };
}

/** The transformer of the last settings: another object does not compile the models anew. */
let opened: { settings: string; transformer: Transformer } | undefined;

function transformer(settings: Settings): Transformer {
  const key = JSON.stringify(settings);
  if (opened?.settings === key) return opened.transformer;
  opened?.transformer.free();
  opened = undefined;
  const transformer = open(settings);
  opened = { settings: key, transformer };
  return transformer;
}

let models: Description["datasets"] | undefined;

/**
 * The same settings with the models emptied that the object cannot need. To compile them all takes several times as long
 * as to compile those of one object, and happens at every keystroke.
 */
function narrowed(settings: Settings, work: Work): Settings {
  models ??= describe().datasets.filter((each) => !("model" in each) || each.model === "standard");
  const needed = new Set([work.resource, ...Array.from(work.sample.matchAll(/"object"\s*:\s*"(\w+)"/g), ([, name]) => name)]);
  const empty = models
    .filter(({ resource }) => !needed.has(resource))
    .map(({ resource, variant }): UserModel => ({ resource, variant: variant as "event" | "record", replace: true, mappingSet: { mappings: [] } }));
  return { ...settings, models: [...(settings.models ?? []), ...empty] };
}

/** The outcomes for the sample, and the settings that gave them. */
function transformed(settings: Settings, work: Work): { outcomes: string; settings: Settings } {
  const narrow = narrowed(settings, work);
  try {
    return { outcomes: transformer(narrow).transformJson(work.sample), settings: narrow };
  } catch (error) {
    // A policy may be about fields of the others only.
    if (settings.privacy === undefined) throw error;
    return { outcomes: transformer(settings).transformJson(work.sample), settings };
  }
}

/** Adobe's message ends with ` at line:column` and the text with a caret. */
function mistake(exception: string, source: string): Mistake {
  const [first = "", ...rest] = exception.split("\n");
  const place = /^(.*) at (\d+):(\d+)$/s.exec(first);
  const inDestination = exception.startsWith("destination:");
  if (place === null) return { message: exception, inDestination };
  const line = Number(place[2]);
  const shown = rest[0];
  const fits = !inDestination && (shown === undefined || source.split("\n")[line - 1] === shown);
  return { message: place[1]!, inDestination, ...(fits ? { line, column: Number(place[3]) } : {}) };
}

function mistakes(candidates: Candidate[], settings: Settings): Record<string, Mistake[]> {
  const found: Record<string, Mistake[]> = {};
  if (candidates.length === 0) return found;
  const validation = language("validate", {
    set: { mappings: candidates.map((candidate) => candidate.mapping) },
    settings: withoutPrivacy(settings),
  });
  validation.validationResponse.forEach((response, index) => {
    const candidate = candidates[index];
    if (candidate === undefined || response.status !== "FAILED") return;
    const errors = response.errors ?? [{ exception: "this mapping cannot be used" }];
    found[candidate.id] = errors.map((error) => mistake(error.exception, candidate.mapping.source));
  });
  return found;
}

/** A policy is about the models of resources; a set by itself is asked about without one. */
function withoutPrivacy(settings: Settings): Settings {
  const { privacy: _privacy, ...others } = settings;
  return others;
}

/** What one mapping gives for the sample. */
function valueOf(candidate: Candidate, work: Work): { json: string } | { error: string } {
  // A destination of its own, for the real one may be half written.
  const mapping = { ...candidate.mapping, destination: "value" };
  try {
    const [preview] = language("preview", {
      set: { mappings: [mapping] },
      settings: withoutPrivacy(work.settings),
      samples: [parseExact(work.sample) as object],
    });
    const error = preview?.errors?.[0]?.exception ?? preview?.warnings?.[0]?.exception;
    if (error !== undefined) return { error };
    const value = preview?.data["value"];
    const text = JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
    return { json: text ?? "" };
  } catch (error) {
    return { error: failure(error).message };
  }
}

function* steps(work: Work): Generator<Step> {
  const wrong = mistakes(work.candidates, work.settings);
  const focus = work.focus;
  const value = focus === undefined || wrong[focus.id] !== undefined ? undefined : valueOf(focus, work);
  yield { step: "mappings", mistakes: wrong, ...(value === undefined ? {} : { value }) };

  const mappings = work.candidates.filter((each) => wrong[each.id] === undefined).map((each) => each.mapping);
  // A default that is being rewritten stays as it was until what replaces it can be used.
  const drop = work.drop.filter((each) => wrong[each.id] === undefined).map((each) => each.destination);
  const changes = work.replace || mappings.length > 0 || drop.length > 0 || Object.keys(work.also).length > 0;
  const model = { ...work.also, resource: work.resource, variant: work.variant, replace: work.replace, mappingSet: { mappings }, drop };
  const settings = changes ? { ...work.settings, models: [...(work.settings.models ?? []), model] } : work.settings;
  const { outcomes, settings: used } = transformed(settings, work);
  yield { step: "records", outcomes };
  const samples = [JSON.parse(work.sample) as object];
  yield { step: "explanation", explanation: language("explain", { resource: work.model, samples, settings: used }) };
}

/** Lets messages in. */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (): void => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

/** The newest work; what was asked before is given up between two steps. */
let newest = 0;

async function perform(number: number, work: Work): Promise<void> {
  newest = number;
  try {
    await pause();
    if (newest !== number) return;
    for (const step of steps(work)) {
      say({ number, step });
      await pause();
      if (newest !== number) return;
    }
  } catch (error) {
    say({ number, step: { step: "failed", failure: failure(error) } });
  }
  say({ number, step: { step: "end" } });
}

/** The objects of the file that was read. */
let objects: readonly string[] = [];

/** How many objects are transformed between two reports; other questions are answered between them, too. */
const BULK_STEP = 200;
let bulks = 0;

async function bulk(number: number, work: BulkWork): Promise<void> {
  const all = work.objects ?? objects;
  const edited = new Map(work.edited);
  const turn = ++bulks;
  const transform = open(work.settings);
  const found: Bulk = { objects: 0, of: all.length, records: 0, tallies: {}, done: false };
  const count = (kind: Tally["kind"], code: string, first: number, message: string): void => {
    const tally = (found.tallies[`${kind}:${code}`] ??= { kind, code, count: 0, first, message });
    tally.count += 1;
  };
  const one = (text: string, at: number): void => {
    for (const outcome of JSON.parse(transform.transformJson(text)) as Outcome[]) {
      if (outcome.status === "error") count("error", outcome.error.code, at, outcome.error.message);
      else if (outcome.status === "skipped") count("skipped", outcome.type, at, `no model covers ${outcome.type}`);
      else {
        found.records += outcome.records.length;
        for (const invalid of outcome.invalid) count("invalid", invalid.rule, at, invalid.message);
        for (const warning of outcome.warnings) count("warning", warning.code, at, warning.message);
        for (const path of outcome.unmapped) count("unmapped", path, at, `no mapping reads ${path}`);
      }
    }
  };
  try {
    for (let from = 0; from < all.length && turn === bulks; from += BULK_STEP) {
      const to = Math.min(from + BULK_STEP, all.length);
      for (let at = from; at < to; at++) one(edited.get(at) ?? all[at]!, at);
      found.objects = to;
      found.done = to === all.length;
      say({ number, bulk: found });
      await pause();
    }
  } finally {
    transform.free();
  }
  say({ number, answer: found });
}

let loaded: Promise<unknown> | undefined;

/** Loads the module when the first question for it comes. */
function ready(): Promise<unknown> {
  loaded ??= init({ module_or_path: new URL(address, self.location.href) });
  return loaded;
}

self.onmessage = async ({ data }: MessageEvent<Request>): Promise<void> => {
  const { number } = data;
  try {
    if (data.ask !== "read" && data.ask !== "object") await ready();
    switch (data.ask) {
      case "describe":
        say({ number, answer: describe() });
        break;
      case "language":
        say({ number, answer: language(data.command, data.takes as never) });
        break;
      case "bulk":
        await bulk(number, data);
        break;
      case "read":
        objects = objectsIn(await data.file.text());
        say({ number, answer: objects.length });
        break;
      case "object":
        say({ number, answer: objects[data.index] });
        break;
      case "work":
        await perform(number, data.work);
    }
  } catch (error) {
    say({ number, failure: failure(error) });
  }
};
