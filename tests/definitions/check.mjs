// Holds every request that the program can make to Adobe's published definitions, by Prism:
//
//     node check.mjs FOLDER [--programs DIR] [--log FILE]... [--unused]
//
// Exit codes: 0 all pass but for what known.json names, 1 something else does not, 2 it could not be found out.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Definition, ask, lacksSlash } from "./definition.mjs";
import { record } from "./road.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
/** What goes up in the place of a file's bytes, which the log does not hold. */
const UPLOAD = "{}\n";
/** Headers of one connection, and the token, of which any will do. */
const UNSENT = ["host", "connection", "content-length", "transfer-encoding", "accept-encoding"];

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      programs: { type: "string", default: join(process.env.CARGO_TARGET_DIR ?? join(HERE, "../../target"), "release") },
      log: { type: "string", multiple: true, default: [] },
      unused: { type: "boolean", default: false },
    },
  });
  if (positionals.length !== 1) throw new Error("give the folder of the definitions: node check.mjs FOLDER");
  const files = readdirSync(positionals[0]).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (files.length === 0) throw new Error(`${positionals[0]} holds no definitions (*.yaml, *.json)`);
  const definitions = files.map((name) => new Definition(join(positionals[0], name)));
  const known = JSON.parse(readFileSync(join(HERE, "known.json"), "utf8")).map((one) => ({ ...one, seen: 0 }));

  const place = mkdtempSync(join(tmpdir(), "stripe-xdm-definitions-"));
  let requests;
  try {
    requests = await record(resolve(values.programs), place, join(place, "log.jsonl"), (road) => console.error(`recording: ${road}`));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  for (const log of values.log) {
    requests.push(...readFileSync(log, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)));
  }

  const services = definitions.map((definition) => ({ definition, asked: 0, distinct: new Map(), used: new Set() }));
  const deviations = new Deviations(known);
  for (const request of requests) sort(request, services, deviations);
  const rows = [];
  for (const service of services) rows.push(await checked(service, deviations));
  show(rows, deviations, known);
  if (values.unused) services.forEach(unused);
  return deviations.unknown.size === 0 ? 0 : 1;
}

/** What is wrong, once for each operation and place. */
class Deviations {
  constructor(known) {
    this.known = known;
    this.unknown = new Map();
  }

  /** Notes one; whether it was known. */
  add(service, operation, { at, says }, example) {
    const why = this.known.find(
      (one) =>
        one.service === service &&
        one.operations.some((name) => name === operation || name === "*") &&
        new RegExp(`^${one.at}$`).test(at) &&
        new RegExp(one.says).test(says),
    );
    if (why) {
      why.seen += 1;
      return true;
    }
    const key = `${service}\n${operation}\n${at}\n${says}`;
    const noted = this.unknown.get(key) ?? { service, operation, at, says, example, count: 0 };
    noted.count += 1;
    this.unknown.set(key, noted);
    return false;
  }
}

/** Puts a request with the service that it is for, once for each form. */
function sort(request, services, deviations) {
  const whose = services
    .filter(({ definition }) => definition.path(request.path) !== undefined)
    .sort((a, b) => b.definition.base.length - a.definition.base.length)[0];
  const { method, path: whole } = request;
  if (!whose) {
    deviations.add("none", `${method} ${whole}`, { at: "request", says: "no definition has such a path" }, request);
    return;
  }
  const path = whose.definition.path(whole);
  const operation = whose.definition.operation(method, path);
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !UNSENT.includes(name)));
  const upload = /^\(\d+ bytes\)$/.test(request.body);
  const body = upload ? UPLOAD : request.body || undefined;
  const form = JSON.stringify([
    method,
    operation?.path ?? path,
    request.query.split("&").map(shapeOfQuery).sort(),
    Object.entries(headers).map(([name, value]) => [name, FIXED.has(name) ? value : 0]).sort(),
    shape(body),
  ]);
  whose.asked += 1;
  if (operation) whose.used.add(operation);
  if (!whose.distinct.has(form)) {
    whose.distinct.set(form, { number: request.number, method, path, query: request.query, headers, body, operation });
  }
}

/** Headers whose values mean something to a definition. */
const FIXED = new Set(["accept", "content-type"]);

/** The name, and a value that is a word rather than somebody's data. */
function shapeOfQuery(pair) {
  const [name, value = ""] = pair.split("=");
  return ["action", "op", "orderBy", "orderby", "limit", "objectType", "fileType", "object", "preview"].includes(name) ? pair : `${name}=${value === "" ? "" : 0}`;
}

/** The body's members and their types; of members that are kinds of things the value, too. */
function shape(body) {
  let value;
  try {
    value = JSON.parse(body ?? "null");
  } catch {
    return "text";
  }
  const of = (value, name) => {
    if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(of(item))))].sort();
    if (value && typeof value === "object") return Object.entries(value).map(([name, value]) => [name, of(value, name)]).sort();
    return ["@type", "op", "path", "type", "format", "idType"].includes(name) ? value : typeof value;
  };
  return of(value);
}

async function checked({ definition, asked, distinct, used }, deviations) {
  const row = { service: definition.service, used: `${used.size}/${definition.operations.length}`, asked, distinct: distinct.size, passed: 0, known: 0, unknown: 0 };
  if (distinct.size === 0) return row;
  console.error(`checking: ${definition.service}`);
  const prism = await definition.mock();
  try {
    for (const request of distinct.values()) {
      const operation = `${request.method} ${request.operation?.path ?? request.path}`;
      const found = request.operation ? beside(request) : [];
      // With the slash Prism can say what else there is.
      const slash = found.some(({ says }) => says === SLASH) ? "/" : "";
      found.push(...(await ask(prism.url, { ...request, path: request.path + slash })));
      const known = found.map((one) => deviations.add(definition.service, operation, one, request));
      row[found.length === 0 ? "passed" : known.every(Boolean) ? "known" : "unknown"] += 1;
    }
  } finally {
    await prism.stop();
  }
  return row;
}

const SLASH = "the definition's path ends with a slash";

/** What Prism does not look at, or stops at. */
function beside({ operation, path, query }) {
  const names = new Set(new URLSearchParams(query).keys());
  const undeclared = [...names].filter((name) => !operation.queries.includes(name));
  const found = undeclared.map((name) => ({ at: `request.query.${name}`, says: "is no parameter of this operation" }));
  return lacksSlash(operation, path) ? [...found, { at: "request", says: SLASH }] : found;
}

function show(rows, deviations, known) {
  const heads = ["service", "operations", "requests", "distinct", "passed", "known deviations", "unknown deviations"];
  const cells = rows.map((row) => [row.service, row.used, row.asked, row.distinct, row.passed, row.known, row.unknown].map(String));
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at].length)));
  for (const row of [heads, ...cells]) {
    console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join("  "));
  }
  const seen = known.filter((one) => one.seen > 0);
  if (seen.length > 0) console.log("\nKnown deviations, where the definition is wrong:");
  for (const { service, operations, at, seen: count, why, page } of seen) {
    console.log(`  ${service}: ${operations.join(", ")}: ${at} (${count})\n    ${why}\n    ${page}`);
  }
  const unseen = known.filter((one) => one.seen === 0);
  if (unseen.length > 0) console.log("\nOf known.json no longer met with:");
  for (const { service, operations, at } of unseen) console.log(`  ${service}: ${operations.join(", ")}: ${at}`);
  if (deviations.unknown.size > 0) console.log("\nUnknown deviations:");
  for (const { service, operation, at, says, example, count } of deviations.unknown.values()) {
    const body = example.body ? ` ${example.body.slice(0, 300)}` : "";
    console.log(`  ${service}: ${operation}: ${at} ${says} (${count})\n    such as ${example.path}${example.query && `?${example.query}`}${body}`);
  }
}

function unused({ definition, used }) {
  for (const one of definition.operations.filter((one) => !used.has(one))) {
    console.log(`never asked: ${definition.service}: ${one.method} ${one.path}`);
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  },
);
