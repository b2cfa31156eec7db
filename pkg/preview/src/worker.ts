// The module at work, beside the page: typing stays smooth whatever it computes. Nothing here talks to a
// network except to fetch the module itself from where the page came from.

import init, { describe, language, open, type Settings, type Transformer } from "stripe-xdm";
import address from "stripe-xdm/stripe_xdm_bg.wasm?url";
import type { Bulk, Candidate, Failure, Mistake, Request, Response, Step, Tally, Work } from "./protocol.ts";

const say = (response: Response): void => self.postMessage(response);

function failure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: "internal", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : "internal";
  // A trap leaves the module in an unknown state; the page then starts another worker.
  const trapped = error instanceof WebAssembly.RuntimeError;
  return { code: trapped ? "trapped" : code, message: error.message };
}

/** The transformers of the last settings: another sample does not compile the models anew. */
const opened = new Map<"unchecked" | "checked", { settings: string; transformer: Transformer }>();

function transformer(settings: Settings, which: "unchecked" | "checked"): Transformer {
  const key = JSON.stringify(settings);
  const last = opened.get(which);
  if (last?.settings === key) return last.transformer;
  last?.transformer.free();
  opened.delete(which);
  const transformer = open(settings);
  opened.set(which, { settings: key, transformer });
  return transformer;
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
      samples: [JSON.parse(work.sample) as object],
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
  const changes = mappings.length > 0 || drop.length > 0;
  const model = { resource: work.resource, variant: work.variant, mappingSet: { mappings }, drop };
  const settings = changes ? { ...work.settings, models: [...(work.settings.models ?? []), model] } : work.settings;
  // Composing the schemas takes most of the time of opening: the record is there before the verdict on it.
  const unchecked = { ...settings, check: { ...settings.check, enabled: false } };
  yield { step: "records", outcomes: transformer(unchecked, "unchecked").transformJson(work.sample) };
  const sample = JSON.parse(work.sample) as object;
  yield { step: "explanation", explanation: language("explain", { resource: work.model, settings, samples: [sample] }) };
  yield { step: "checked", outcomes: transformer(settings, "checked").transformJson(work.sample) };
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

/** How many objects are transformed between two reports. */
const BULK_STEP = 200;

function bulk(number: number, settings: Settings, objects: string[]): void {
  const transform = open(settings);
  const found: Bulk = { objects: 0, of: objects.length, records: 0, tallies: {}, done: false };
  const count = (kind: Tally["kind"], code: string, first: number, message: string): void => {
    const tally = (found.tallies[`${kind}:${code}`] ??= { kind, code, count: 0, first, message });
    tally.count += 1;
  };
  try {
    for (let from = 0; from < objects.length; from += BULK_STEP) {
      const part = objects.slice(from, from + BULK_STEP);
      const outcomes = part.flatMap((text) => JSON.parse(transform.transformJson(text)) as import("stripe-xdm").Outcome[]);
      outcomes.forEach((outcome, index) => {
        const at = from + index;
        if (outcome.status === "error") count("error", outcome.error.code, at, outcome.error.message);
        else if (outcome.status === "skipped") count("skipped", outcome.type, at, `no model covers ${outcome.type}`);
        else {
          found.records += outcome.records.length;
          for (const invalid of outcome.invalid) count("invalid", invalid.rule, at, invalid.message);
          for (const warning of outcome.warnings) count("warning", warning.code, at, warning.message);
          for (const path of outcome.unmapped) count("unmapped", path, at, `no mapping reads ${path}`);
        }
      });
      found.objects = from + part.length;
      found.done = found.objects === objects.length;
      say({ number, bulk: found });
    }
    say({ number, answer: found });
  } finally {
    transform.free();
  }
}

const ready = init({ module_or_path: new URL(address, self.location.href) });

self.onmessage = async ({ data }: MessageEvent<Request>): Promise<void> => {
  const { number } = data;
  try {
    await ready;
    switch (data.ask) {
      case "describe":
        say({ number, answer: describe() });
        break;
      case "language":
        say({ number, answer: language(data.command, data.takes as never) });
        break;
      case "bulk":
        bulk(number, data.settings, data.objects);
        break;
      case "work":
        await perform(number, data.work);
    }
  } catch (error) {
    say({ number, failure: failure(error) });
  }
};
